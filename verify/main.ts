import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { Guard } from '../scripts/lib/guard.mjs';
import { planFaults } from './fault-plan';
import type { VerifyOptions } from './options';
import { copyTree, readPlantedBugs, type PlantedBug, type PlantedResult, tryPlantedBug } from './planted';
import { outcomes, plantedTable, summarise, verdicts } from './report';
import { Stores } from './stores';
import { runTrial, type TrialResult } from './trial';

const USERS_PER_TENANT = 15;
const LOAD = { devicesPerUser: 2, revocations: 30, changesEveryMs: 700 };

/** Runs what was asked for, and tells the exit code. */
export async function verify(root: string, options: VerifyOptions): Promise<number> {
  const began = performance.now();
  const lasted = (): number => Math.round((performance.now() - began) / 1000);
  const say = (line: string): void => void process.stderr.write(`[${String(lasted()).padStart(3)} s] ${line}\n`);
  const show = (text: string): void => void (options.json ? process.stderr : process.stdout).write(`${text}\n`);

  await ensureBuild({ root, log: say });
  const dir = mkdtempSync(join(tmpdir(), 'parley-verify-'));
  const guard = new Guard({ libDir: join(root, 'scripts', 'lib'), dir, remove: options.keep ? [] : [dir] });
  let stores: Stores | undefined;
  try {
    say(`seed ${options.seed}; starting a durable database and Redis`);
    stores = await Stores.start(dir, guard, say, join(root, '.data'));
    const place = { root: copyTree(root, join(dir, 'tree')), dir, guard, stores, seed: options.seed, say };
    const trial = options.planted === 'only' ? undefined : await mainTrial(options, place);
    const bugs = options.planted === 'none' ? [] : chosenBugs(root, options);
    const planted = await plantedTrials(bugs, place);

    const summary = summarise(trial, planted, options.seed, lasted());
    const problems = [...(trial ? trialProblems(trial, options) : []), ...plantedProblems(planted, options)];
    if (trial) show(`\n${verdicts(trial.violations)}\n\nwhat clients met\n${outcomes(trial.history.events)}`);
    if (planted.length > 0) show(`\nplanted bugs\n${plantedTable(planted)}`);
    for (const problem of problems) show(`\nFAILED: ${problem}`);
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else
      show(
        `\n${Object.entries(summary)
          .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
          .join(' · ')}`,
      );
    if (options.keep) show(`logs: ${dir}`);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await stores?.stop();
    await guard.dismiss();
    if (!options.keep) rmSync(dir, { recursive: true, force: true });
  }
}

/** Those about pushes not where nobody is pushed, unless they are asked for by name. */
function chosenBugs(root: string, { bug, push }: VerifyOptions): PlantedBug[] {
  const bugs = readPlantedBugs(join(root, 'verify', 'planted'), bug);
  return bugs.filter(({ invariant }) => push || bug !== undefined || (invariant !== 'I9' && invariant !== 'I10'));
}

type Place = Parameters<typeof tryPlantedBug>[1];

async function mainTrial(options: VerifyOptions, place: Place): Promise<TrialResult> {
  const { seed, acked, seconds, rate, faults, faultCount } = options;
  const trial = await runTrial({
    ...place,
    name: 'main',
    acked,
    seconds,
    // Slower than a tenth of the wished rate is no load any more.
    deadline: Math.max(seconds, (acked / rate) * 10) + 120,
    patience: 20,
    catchUp: 30,
    usersPerTenant: USERS_PER_TENANT,
    load: { ...LOAD, rate },
    worker: true,
    push: options.push ? 'crowd' : 'nobody',
    pushPatience: 45,
    faults: planFaults(seed, faults, faultCount),
  });
  if (options.history !== undefined)
    writeFileSync(options.history, trial.history.events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  return trial;
}

async function plantedTrials(bugs: readonly PlantedBug[], place: Place): Promise<PlantedResult[]> {
  const results: PlantedResult[] = [];
  for (const bug of bugs) {
    const result = await tryPlantedBug(bug, place);
    place.say(`${result.name}: ${result.caught ? 'caught' : 'MISSED'} (${result.says})`);
    results.push(result);
  }
  return results;
}

function trialProblems(trial: TrialResult, { acked }: VerifyOptions): string[] {
  const broken = [...new Set(trial.violations.map(({ invariant }) => invariant))];
  return [
    ...(broken.length > 0 ? [`${broken.join(', ')} broken; see above`] : []),
    ...(trial.acked < acked ? [`only ${trial.acked} of ${acked} messages were acknowledged in time`] : []),
    ...trial.unexpected,
  ];
}

function plantedProblems(planted: readonly PlantedResult[], options: VerifyOptions): string[] {
  const missed = planted.filter(({ caught }) => !caught).map(({ name }) => name);
  return [
    ...(missed.length > 0 ? [`planted bugs were not caught: ${missed.join(', ')}`] : []),
    ...(options.planted !== 'none' && planted.length === 0 ? ['no planted bug was tried'] : []),
  ];
}

import { type Options, transformFileSync } from '@swc/core';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Guard } from '../scripts/lib/guard.mjs';
import { TYPESCRIPT } from '../scripts/lib/swc.cjs';
import type { InvariantName } from './history';
import { INVARIANT_NAMES } from './invariants';
import { FAULTS, planFaults, type FaultName } from './fault-plan';
import type { Stores } from './stores';
import { runTrial } from './trial';

/** A bug that a plausible engineer would write, as a patch with a header. */
export interface PlantedBug {
  name: string;
  patch: string;
  /** What must notice it. */
  invariant: InvariantName;
  /** Under which it shows; one of each by turns. */
  faults: FaultName[];
  faultCount: number;
  /** Seconds that devices have to catch up; short where something else is looked for. */
  catchUp: number;
  /** A change of the schema that belongs to it. */
  schema?: string;
  /** The sources that it changes. */
  files: string[];
}

export interface PlantedResult {
  name: string;
  invariant: InvariantName;
  caught: boolean;
  seconds: number;
  says: string;
}

export interface PlantedOptions {
  root: string;
  dir: string;
  guard: Guard;
  stores: Stores;
  seed: number;
  say: (line: string) => void;
}

const COPIED = ['src', 'dist', 'ormconfig.ts', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package.json'];
const ACKED = 1200;
const CATCH_UP = 3;
const RATE = 300;
const LOADS_MAX = 3;

export function readPlantedBugs(dir: string, only?: string): PlantedBug[] {
  const patches = readdirSync(dir).filter((file) => file.endsWith('.patch') && file.includes(only ?? ''));
  return patches.sort().map((file) => {
    const patch = join(dir, file);
    const text = readFileSync(patch, 'utf8');
    const header = (name: string): string | undefined => new RegExp(`^${name}: (.+)$`, 'm').exec(text)?.[1];
    const invariant = INVARIANT_NAMES.find((one) => one === header('Invariant'));
    const faults = (header('Faults') ?? '').split(/,\s*/).flatMap((name) => FAULTS.filter((fault) => fault === name));
    const files = [...text.matchAll(/^\+\+\+ b\/(\S+)$/gm)].map((match) => match[1] ?? '');
    if (!invariant) throw new Error(`${file} names no invariant`);
    const schema = header('Schema');
    return {
      name: basename(file, '.patch'),
      patch,
      invariant,
      faults,
      faultCount: Number(header('Times') ?? faults.length),
      catchUp: Number(header('CatchUp') ?? CATCH_UP),
      files,
      ...(schema && { schema }),
    };
  });
}

/**
 * Builds a copy of the tree with the bug in it and runs a small load against it; the invariant named must break. Some
 * bugs need a moment that chance must bring, so a load that shows nothing is followed by another, with another seed.
 */
export async function tryPlantedBug(bug: PlantedBug, options: PlantedOptions): Promise<PlantedResult> {
  const { dir, seed, say } = options;
  const began = performance.now();
  const result = (caught: boolean, says: string): PlantedResult => {
    const seconds = (performance.now() - began) / 1000;
    return { name: bug.name, invariant: bug.invariant, caught, seconds, says };
  };
  say(`planting ${bug.name}`);
  try {
    const root = plant(bug, options.root, join(dir, `tree-${bug.name}`));
    const broken: string[] = [];
    for (let load = 0; load < LOADS_MAX; load++) {
      const { violations } = await loadOn(bug, root, options, seed + load);
      const shown = violations.find(({ invariant }) => invariant === bug.invariant);
      if (shown) return result(true, shown.says);
      broken.push(...violations.map(({ invariant }) => invariant));
    }
    return result(false, others(broken));
  } catch (error) {
    return result(false, error instanceof Error ? error.message : String(error));
  }
}

const loadOn = (bug: PlantedBug, root: string, { dir, guard, stores }: PlantedOptions, seed: number) =>
  runTrial({
    name: `${bug.name}-${seed}`,
    seed,
    root,
    dir,
    guard,
    stores,
    acked: ACKED,
    seconds: 0,
    deadline: 25,
    patience: 3,
    catchUp: bug.catchUp,
    usersPerTenant: 5,
    load: { rate: RATE, devicesPerUser: 2, revocations: 80, changesEveryMs: 200 },
    worker: false,
    // Only where it is part of what goes wrong: it takes its time.
    push: bug.invariant === 'I9' || bug.invariant === 'I10' ? 'few' : 'nobody',
    pushPatience: bug.catchUp,
    faults: planFaults(seed, bug.faults, bug.faultCount),
    ...(bug.schema && { schemaChange: bug.schema }),
    say: () => undefined,
  });

const others = (broken: readonly string[]): string =>
  broken.length === 0 ? 'every invariant held' : `only others broke: ${[...new Set(broken)].join(', ')}`;

/** The sources with their build, so that whoever works on them meanwhile changes nothing in this run. */
export function copyTree(root: string, copy: string): string {
  mkdirSync(copy, { recursive: true });
  for (const path of COPIED) cpSync(join(root, path), join(copy, path), { recursive: true });
  symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
  return copy;
}

/** @returns the copy; throws when the patch does not apply any more */
function plant({ patch, files }: PlantedBug, root: string, copy: string): string {
  copyTree(root, copy);
  try {
    execFileSync('git', ['apply', '--whitespace=nowarn', patch], { cwd: copy, stdio: 'pipe' });
  } catch (error) {
    const said = (error as { stderr?: Buffer }).stderr?.toString() ?? String(error);
    throw new Error(`the patch does not apply any more: ${said.trim()}`, { cause: error });
  }
  for (const file of files) {
    const target = join(copy, 'dist', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, transformFileSync(join(copy, file), COMPILER).code);
  }
  return copy;
}

/** The rest of the tree is built already, so only what the patch changed is compiled. */
const COMPILER: Options = { ...TYPESCRIPT, module: { type: 'commonjs', ignoreDynamic: true } };

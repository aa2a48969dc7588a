import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Attack } from './attack';
import { HonestCallers } from './honest';
import { Instance } from './instance';
import { judge, round, type Judgement, type Measured, type Quiet } from './judge';
import { watchMemory } from './memory';
import type { Probe } from './probe';
import { sleep } from './tools';
import { makeApp, makeWorld, signUp, type App, type World } from './world';

const WARM_UP_MS = 4000;
const QUIET_MS = 5000;
/** What an attack set off may be felt after it. */
const AFTERMATH_MS = 1000;
const LEAST_MS = 4000;
/** Without this much time left nothing new is begun. */
const PROBE_MS = 20_000;

export interface SuiteOptions {
  root: string;
  /** Names of probes; all where none is given. */
  only?: readonly string[];
  /** When everything must be over. */
  deadline: number;
  log: (line: string) => void;
}

export interface NamedProbe {
  name: string;
  file: string;
  probe: Probe;
}

/** Every probe of the folder, by the name of its file. @throws when a name that was asked for is none */
export function probesIn(dir: string, only?: readonly string[]): NamedProbe[] {
  const all = readdirSync(dir)
    .filter((file) => file.endsWith('.ts'))
    .sort()
    .map((file) => ({ name: basename(file, '.ts'), file: join(dir, file) }));
  const unknown = only?.find((name) => !all.some((one) => one.name === name));
  if (unknown) throw new Error(`No probe is called "${unknown}". There are: ${all.map(({ name }) => name).join(', ')}`);
  const chosen = only ? all.filter(({ name }) => only.includes(name)) : all;
  return chosen.map((one) => ({ ...one, probe: (require(one.file) as { probe: Probe }).probe }));
}

/** Attacks one instance with every probe in turn. @returns how many held, and how many did not */
export async function runSuite(options: SuiteOptions): Promise<{ passed: number; failed: number }> {
  const { root, only, log } = options;
  const probes = probesIn(join(root, 'test', 'hostile', 'probes'), only);
  const instance = await Instance.start(root, log);
  try {
    return await new Suite(instance, options).run(probes);
  } finally {
    await instance.end();
  }
}

class Suite {
  private world!: World;
  private home!: App;
  private honest!: HonestCallers;
  private quiet!: Quiet;

  constructor(
    private readonly instance: Instance,
    private readonly options: SuiteOptions,
  ) {}

  async run(probes: readonly NamedProbe[]): Promise<{ passed: number; failed: number }> {
    const { log, deadline } = this.options;
    const { node, operatorToken } = this.instance;
    this.world = await makeWorld(node.url, operatorToken);
    this.home = await makeApp(node.url, await signUp(node.url), 'arbitrary');
    this.honest = await HonestCallers.connect(node.url, this.home);
    await this.honest.measure(sleep(WARM_UP_MS));
    await this.measureQuiet();
    const { send, health, megabytes } = this.quiet;
    log(
      `quiet: an honest send p50 ${round(send.p50)} ms, p99 ${round(send.p99)} ms · /health/live p50 ${round(health.p50)} ms, ` +
        `p99 ${round(health.p99)} ms · ${round(megabytes)} MB`,
    );
    let passed = 0;
    let failed = 0;
    for (const probe of probes) {
      const late = performance.now() > deadline - PROBE_MS;
      const held = late ? this.notRun(probe) : await this.judged(probe);
      if (held) passed++;
      else failed++;
    }
    this.honest.close();
    return { passed, failed };
  }

  private notRun({ name, probe }: NamedProbe): boolean {
    this.options.log(`FAILED ${name}: ${probe.promise}\n         there was no time left for it`);
    return false;
  }

  /** Times that are over may be chance on a machine with other work: they count when they are over twice. */
  private async judged(named: NamedProbe): Promise<boolean> {
    const { log, deadline } = this.options;
    let first = await this.attackedBy(named);
    if (first.judgement.onlySlow && performance.now() < deadline - 2 * PROBE_MS) {
      log(`       ${named.name} was slow (${first.judgement.broken.join('; ')}): once more`);
      await this.measureQuiet();
      first = await this.attackedBy(named);
    }
    const { judgement, measured, said } = first;
    const holds = judgement.broken.length === 0;
    log(
      `${holds ? 'passed' : 'FAILED'} ${named.name}: ${named.probe.promise}\n         ` +
        [
          `send p50 ${round(measured.send.p50)}, p99 ${round(measured.send.p99)} ms`,
          `/health/live p50 ${round(measured.health.p50)}, p99 ${round(measured.health.p99)} ms`,
          `${measured.peakMegabytes >= this.quiet.megabytes ? '+' : ''}${round(measured.peakMegabytes - this.quiet.megabytes)} MB`,
          ...(holds && !judgement.goal ? ['slower than its goal'] : []),
          ...said,
        ].join(' · '),
    );
    for (const sentence of judgement.broken) log(`         - ${sentence}`);
    return holds;
  }

  private async attackedBy({
    file,
    probe,
  }: NamedProbe): Promise<{ judgement: Judgement; measured: Measured; said: string[] }> {
    await this.recover();
    const { node } = this.instance;
    const { pid } = node;
    const deaths = node.unexpected.length;
    const attack = new Attack(file, probe, this.world);
    try {
      const ready = await attack.prepare();
      const peak = watchMemory(pid ?? 0);
      const outcome = ready ? attack.run() : Promise.resolve({ said: [], failures: [...attack.failures] });
      const over = Promise.all([outcome, sleep(ready ? LEAST_MS : 0)]).then(() => sleep(AFTERMATH_MS));
      const felt = await this.honest.measure(over);
      const alive = node.pid === pid && node.unexpected.length === deaths;
      const measured = { ...felt, alive, peakMegabytes: peak() };
      const { said, failures } = await outcome;
      return { judgement: judge(this.quiet, measured, failures), measured, said };
    } finally {
      await attack.end();
    }
  }

  /** What the last probe broke is mended for the next one, so that each answers for itself. */
  private async recover(): Promise<void> {
    const { node } = this.instance;
    if (node.pid === undefined) await node.start();
    for (const end = performance.now() + 10_000; !(await node.isReady()) && performance.now() < end; await sleep(100));
    if (!this.honest.gone) return;
    this.honest.close();
    this.honest = await HonestCallers.connect(node.url, this.home);
  }

  private async measureQuiet(): Promise<void> {
    await this.recover();
    const peak = watchMemory(this.instance.node.pid ?? 0);
    const felt = await this.honest.measure(sleep(QUIET_MS));
    // Memory is compared with how it was before the first attack, or what one leaves behind would excuse the next.
    this.quiet = { ...felt, megabytes: (this.quiet as Quiet | undefined)?.megabytes ?? peak() };
  }
}

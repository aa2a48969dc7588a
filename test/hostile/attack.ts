import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Probe } from './probe';
import { sleep } from './tools';
import type { World } from './world';

const SECONDS = 10;
const PREPARE_MS = 30_000;

interface Told {
  ready?: true;
  prepared?: true;
  said?: string;
  failed?: string;
}

export interface Outcome {
  /** Figures of the probe's own. */
  said: string[];
  failures: string[];
}

/** The processes of one probe. */
export class Attack {
  private readonly children: ChildProcess[] = [];
  private readonly outcome: Outcome = { said: [], failures: [] };

  constructor(
    private readonly file: string,
    private readonly probe: Probe,
    private readonly world: World,
  ) {}

  /** Resolves when all of them are ready to begin; false when one could not. */
  async prepare(): Promise<boolean> {
    const prepared = Array.from({ length: this.probe.processes ?? 1 }, async () => {
      const child = fork(join(__dirname, 'attacker.mjs'), [this.file], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      this.children.push(child);
      await this.hears(child, ({ ready }) => ready, PREPARE_MS, 'did not start');
      child.send({ world: this.world });
      await this.hears(child, ({ prepared }) => prepared, PREPARE_MS, 'was not prepared in time');
    });
    await Promise.all(prepared);
    return this.outcome.failures.length === 0;
  }

  /** Resolves when the last of them is done, or its time is over. */
  async run(): Promise<Outcome> {
    const ms = (this.probe.seconds ?? SECONDS) * 1000;
    await Promise.all(
      this.children.map(async (child) => {
        child.send({ go: true });
        const said = await this.hears(child, ({ said }) => said, ms, `was not done after ${ms / 1000} s`);
        if (said) this.outcome.said.push(said);
      }),
    );
    return this.outcome;
  }

  get failures(): readonly string[] {
    return this.outcome.failures;
  }

  /** With them go their connections. */
  async end(): Promise<void> {
    const alive = this.children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
    await Promise.all(
      alive.map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await Promise.race([ended, sleep(5000)]);
      }),
    );
  }

  /** What one of them tells; what it could not do becomes a failure of the probe. */
  private hears<T>(child: ChildProcess, pick: (told: Told) => T | undefined, ms: number, late: string) {
    return new Promise<T | undefined>((resolve) => {
      const settle = (value: T | undefined, failure?: string) => {
        clearTimeout(timer);
        child.off('message', onMessage);
        child.off('exit', onExit);
        if (failure !== undefined && !this.outcome.failures.includes(failure)) this.outcome.failures.push(failure);
        resolve(value);
      };
      const onMessage = (told: Told) => {
        const picked = pick(told);
        if (told.failed !== undefined) settle(undefined, told.failed);
        else if (picked !== undefined) settle(picked);
      };
      const onExit = () => settle(undefined, 'the attacking process ended by itself');
      const timer = setTimeout(() => settle(undefined, `the attack ${late}`), ms);
      if (child.exitCode !== null || child.signalCode !== null) return onExit();
      child.on('message', onMessage);
      child.on('exit', onExit);
    });
  }
}

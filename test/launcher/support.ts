import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive, sleep, type Identity } from '../../scripts/lib/processes.mjs';

const FIXTURES = join(__dirname, 'fixtures');
export const fixture = (name: string): string => join(FIXTURES, name);

export interface Given {
  MYSQL_URL?: string;
  REDIS_URL?: string;
  DATA_DIR?: string;
  ENCRYPTION_KEY?: string;
  PARLEY_EMBEDDED?: string;
}

/** A process that a test started, with what it said so far. */
export class Run {
  output = '';
  readonly exited: Promise<number | string>;
  private readonly child: ChildProcess;

  constructor(args: string[], env: Record<string, string> = {}) {
    const clean: NodeJS.ProcessEnv = { PATH: process.env.PATH, HOME: process.env.HOME, ...env };
    this.child = spawn(process.execPath, args, { env: clean, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async says(text: string, times = 1): Promise<void> {
    await eventually(
      () => `"${text}" in:\n${this.output}`,
      () => this.output.split(text).length > times,
    );
  }

  /** What the stand-in application was given, once it is up. */
  async given(): Promise<Given> {
    const line = (): string | undefined => /^up (\{.*\})$/m.exec(this.output)?.[1];
    await eventually(
      () => `the application is up; it said:\n${this.output}`,
      () => line() !== undefined,
    );
    return JSON.parse(line() ?? '') as Given;
  }
}

export async function eventually(what: () => string, check: () => boolean, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) if (check()) return;
  throw new Error(`did not happen within ${ms} ms: ${what()}`);
}

/** One directory and the launchers that were started on it; `end` leaves nothing of them. */
export class Place {
  readonly dir = mkdtempSync(join(tmpdir(), 'parley-launcher-'));
  private readonly runs: Run[] = [];
  private readonly seen = new Map<number, Identity>();

  start(env: Record<string, string> = {}): Run {
    return this.run([fixture('start.mjs')], env);
  }

  run(args: string[], env: Record<string, string> = {}): Run {
    const run = new Run(args, { DATA_DIR: this.dir, ...env });
    this.runs.push(run);
    return run;
  }

  /** The processes that belong to this directory at this moment. */
  processes(): Record<string, Identity> {
    const path = join(this.dir, 'processes.json');
    const found = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Identity>) : {};
    for (const one of Object.values(found)) this.seen.set(one.pid, one);
    return found;
  }

  async end(): Promise<void> {
    this.processes();
    for (const run of this.runs) run.kill('SIGKILL');
    await Promise.all(this.runs.map((run) => run.exited));
    for (const one of this.seen.values()) if (isAlive(one)) process.kill(one.pid, 'SIGKILL');
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

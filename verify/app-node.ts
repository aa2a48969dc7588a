import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { identityOf, type Identity, sleep } from '../scripts/lib/processes.mjs';
import { SERVER_ARGS } from '../scripts/lib/server-args.mjs';

const READY_MS = 60_000;
/** What a node logs when it has lost track of something. It goes on, and it should not have come to that. */
const COMPLAINTS = ['unhandled rejection: a bug', 'uncaught exception: a bug'];
const STOP_MS = 15_000;

export interface AppNodeOptions {
  name: string;
  /** The tree whose dist is run. */
  root: string;
  logFile: string;
  env: Record<string, string>;
  onSpawn: (identity: Identity) => void;
}

/** One process of the real application, as a deployment runs it; killed and started again on the same port. */
export class AppNode {
  /** Ends that nobody asked for. */
  readonly unexpected: string[] = [];
  private child: ChildProcess | undefined;
  private ended: Promise<void> = Promise.resolve();
  private expected = false;

  private constructor(
    readonly port: number,
    private readonly options: AppNodeOptions,
  ) {}

  static async at(options: AppNodeOptions): Promise<AppNode> {
    return new AppNode(await freePort(), options);
  }

  get name(): string {
    return this.options.name;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Resolves when the node says that it can store messages. */
  async start(): Promise<void> {
    const { root, logFile, env, onSpawn } = this.options;
    const log = openSync(logFile, 'a');
    const child = spawn(process.execPath, [...SERVER_ARGS, join(root, 'dist', 'src', 'main.js')], {
      cwd: root,
      env: { ...env, PORT: String(this.port), HOST: '127.0.0.1' },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.child = child;
    this.expected = false;
    this.ended = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', (code, signal) => {
        if (!this.expected) this.unexpected.push(`${this.name} ended by itself (${signal ?? `code ${code}`})`);
        if (this.child === child) this.child = undefined;
        resolve();
      });
    });
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (identity) onSpawn(identity);
    for (const end = performance.now() + READY_MS; !(await this.isReady()); await sleep(50)) {
      if (this.child === child && performance.now() < end) continue;
      throw new Error(`${this.name} did not start; it said:\n${this.said(3000)}`);
    }
  }

  /** As a crash would. */
  async kill(): Promise<void> {
    this.expected = true;
    this.child?.kill('SIGKILL');
    await this.ended;
  }

  async stop(): Promise<void> {
    this.expected = true;
    this.child?.kill('SIGTERM');
    const force = setTimeout(() => this.child?.kill('SIGKILL'), STOP_MS);
    await this.ended;
    clearTimeout(force);
  }

  async isReady(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(2000) });
      await answer.arrayBuffer();
      return answer.status === 200;
    } catch {
      // Not listening yet, or not any more.
      return false;
    }
  }

  /** What it logs only when it has a bug. */
  get complaints(): string[] {
    const lines = readFileSync(this.options.logFile, 'utf8').split('\n');
    const bad = lines.filter((line) => COMPLAINTS.some((complaint) => line.includes(complaint)));
    return bad.map((line) => `${this.name} logged: ${line.slice(0, 500)}`);
  }

  /** The last of its log. */
  said(characters: number): string {
    return readFileSync(this.options.logFile, 'utf8').slice(-characters);
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import { Guard } from '../../scripts/lib/guard.mjs';
import { startMariadb } from '../../scripts/lib/mariadb.mjs';
import { identityOf } from '../../scripts/lib/processes.mjs';
import { startRedis } from '../../scripts/lib/redis.mjs';
import type { PrivateServer } from '../../scripts/lib/service.mjs';
import { eventually } from './eventually';
import { OPERATOR_TOKEN } from './harness';
import { http, type Api, type Door } from './http';

const ROOT = resolve(__dirname, '..', '..');
const START_MS = 60_000;

export interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** One real process of the application; killed and started again on the same port. */
export class ServerProcess implements Door {
  output = '';
  port = 0;
  private child?: ChildProcess;
  private ended: Promise<Ending> = Promise.resolve({ code: null, signal: null });

  constructor(
    readonly name: string,
    private readonly guard: Guard,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  get url(): string {
    return `http://${this.host}:${this.port}`;
  }

  private get host(): string {
    return this.env.HOST ?? '127.0.0.1';
  }

  get api(): Api {
    return http(this.url);
  }

  /** Resolves when it listens. */
  async start(): Promise<void> {
    const { PATH, HOME } = process.env;
    const from = this.output.length;
    const child = spawn(process.execPath, [join(ROOT, 'dist', 'src', 'main.js')], {
      cwd: ROOT,
      env: { PATH, HOME, LOG_LEVEL: 'info', ...this.env, PORT: String(this.port || (this.env.PORT ?? 0)) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
    const identity = child.pid === undefined ? undefined : identityOf(child.pid);
    if (identity) this.guard.watch(this.name, identity, 'app');
    // A worker serves its health and metrics alone.
    const place = new RegExp(
      `(?:listening on http://|health and metrics on )${this.host.replaceAll('.', '\\.')}:(\\d+)`,
    );
    const listening = () => place.exec(this.output.slice(from))?.[1];
    try {
      await eventually('the process listens', () => child.exitCode !== null || listening() !== undefined, START_MS);
    } finally {
      this.port = Number(listening() ?? this.port);
      if (!listening()) child.kill('SIGKILL');
    }
    if (!listening()) throw new Error(`${this.name} did not start:\n${this.output.slice(from).slice(-3000)}`);
  }

  /** Sends the signal and answers how the process ended. */
  async end(signal: NodeJS.Signals): Promise<Ending> {
    if (this.child?.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }

  /** 200, 503 …; 0 when nobody answers. */
  async health(kind: 'live' | 'ready'): Promise<number> {
    return this.api.get(`/health/${kind}`).then(
      ({ status }) => status,
      () => 0,
    );
  }
}

/** Private servers and real processes of the application, in one directory; `end` leaves nothing of them. */
export class Deployment {
  readonly dir = mkdtempSync(join(tmpdir(), 'parley-journey-'));
  private readonly guard = new Guard({ libDir: join(ROOT, 'scripts', 'lib'), dir: this.dir, remove: [this.dir] });
  private readonly servers: PrivateServer[] = [];
  private readonly processes: ServerProcess[] = [];

  /** A database that keeps what it acknowledged through a crash. */
  async database(): Promise<PrivateServer> {
    const onSpawn = (identity: { pid: number; startedAt: string }) => this.guard.watch('mysql', identity);
    const server = await startMariadb({ dir: this.place('mysql'), bufferPool: '64M', onSpawn });
    this.servers.push(server);
    return server;
  }

  async redis(): Promise<PrivateServer> {
    const onSpawn = (identity: { pid: number; startedAt: string }) => this.guard.watch('redis', identity);
    const server = await startRedis({ dir: this.place('redis'), durable: false, onSpawn });
    this.servers.push(server);
    return server;
  }

  /** The application as it is deployed: `node dist/src/main.js`. */
  async server(mysqlUrl: string, redisUrl: string, env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
    await ensureBuild({ root: ROOT, log: () => undefined });
    const server = new ServerProcess(`server-${this.processes.length}`, this.guard, {
      MYSQL_URL: mysqlUrl,
      REDIS_URL: redisUrl,
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      OPERATOR_TOKEN,
      DATA_DIR: this.place('data'),
      LIMIT_LOGINS_BURST: '10000',
      LIMIT_PASSWORDS_BURST: '10000',
      MYSQL_POOL_SIZE: '8',
      ...env,
    });
    this.processes.push(server);
    await server.start();
    return server;
  }

  async end(): Promise<void> {
    await Promise.all(this.processes.map((one) => one.end('SIGKILL')));
    await Promise.all(this.servers.map((one) => one.stop()));
    await this.guard.dismiss();
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }

  private place(name: string): string {
    const dir = join(this.dir, name);
    mkdirSync(dir, { recursive: true });
    return dir;
  }
}

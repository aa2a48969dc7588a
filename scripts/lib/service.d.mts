import type { Identity } from './processes.mjs';

/** A private server: `stop` is clean, `kill` is a crash, `start` and `restart` use the same port and data. */
export interface PrivateServer {
  readonly name: string;
  readonly pid: number | undefined;
  readonly identity: Identity | undefined;
  readonly port: number;
  readonly password: string;
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
}
export interface PrivateServerOptions<Binaries> {
  dir: string;
  port?: number;
  durable?: boolean;
  log?: (line: string) => void;
  binaries?: Binaries;
  signal?: AbortSignal;
  onSpawn?: (identity: Identity) => void;
  onDeath?: (code: number | null, signal: NodeJS.Signals | null) => void;
}

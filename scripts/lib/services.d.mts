import type { Guard } from './guard.mjs';

/** A server whose URL is given is not started; binDir: the DATA_DIR under which unpacked programs are kept. */
export function startServices(options: {
  dir: string;
  mysqlUrl?: string;
  redisUrl?: string;
  durable?: boolean;
  guard: Guard;
  log: (line: string) => void;
  signal?: AbortSignal;
  bufferPool?: string;
  mayCreateDatabases?: boolean;
  binDir?: string;
}): Promise<{ mysqlUrl: string; redisUrl: string; embeddedDatabase: boolean; stop: () => Promise<void> }>;
export function libDir(root: string): string;

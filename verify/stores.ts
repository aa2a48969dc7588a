import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBinaries } from '../scripts/lib/binaries.mjs';
import type { Guard } from '../scripts/lib/guard.mjs';
import { startMariadb } from '../scripts/lib/mariadb.mjs';
import { startRedis } from '../scripts/lib/redis.mjs';
import type { PrivateServer } from '../scripts/lib/service.mjs';
import { Redis } from 'ioredis';
import { createConnection, type Connection } from 'mysql2/promise';

/** A database server that keeps its promises, and a Redis; both private to this run. */
export class Stores {
  private constructor(
    readonly database: PrivateServer,
    readonly redis: PrivateServer,
  ) {}

  static async start(dir: string, guard: Guard, log: (line: string) => void, binDir: string): Promise<Stores> {
    const home = join(dir, 'stores');
    mkdirSync(home, { recursive: true });
    const found = await ensureBinaries({ needs: ['database', 'redis'], dataDir: binDir, log });
    const redis = await startRedis({
      dir: home,
      durable: false,
      binaries: found.redis,
      onSpawn: (identity) => guard.watch('redis', identity),
    });
    const database = await startMariadb({
      dir: home,
      durable: true,
      mayCreateDatabases: true,
      // The server's own default: a lock wait undoes one statement only, and the product must undo the rest itself.
      args: ['--innodb-rollback-on-timeout=OFF'],
      binaries: found.database,
      onSpawn: (identity) => guard.watch('mysql', identity),
    });
    return new Stores(database, redis);
  }

  async stop(): Promise<void> {
    for (const server of [this.database, this.redis]) this.thaw(server);
    await Promise.all([this.database.stop(), this.redis.stop()]);
  }

  /** An empty database of its own for each deployment. */
  async newDatabase(name: string): Promise<string> {
    const admin = await createConnection({ uri: this.database.url });
    await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
    await admin.end();
    const url = new URL(this.database.url);
    url.pathname = `/${name}`;
    return url.href;
  }

  freeze({ pid }: PrivateServer): void {
    if (pid !== undefined) process.kill(pid, 'SIGSTOP');
  }

  thaw({ pid }: PrivateServer): void {
    if (pid === undefined) return;
    try {
      process.kill(pid, 'SIGCONT');
    } catch (error) {
      // It is stopped at the moment, which is how some faults want it.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async flushRedis(): Promise<void> {
    const client = new Redis(this.redis.url, { maxRetriesPerRequest: 1 });
    await client.flushall().finally(() => client.disconnect());
  }
}

/** A connection beside the application's own, for dumps and for lock faults. */
export async function sideConnection(mysqlUrl: string): Promise<Connection> {
  const side = await createConnection({ uri: mysqlUrl, connectTimeout: 5000, timezone: 'Z' });
  // Some faults end the server under it; whoever waits for an answer is told by the answer.
  side.on('error', () => undefined);
  return side;
}

const DEADLOCK = 1213;
const LOCK_WAIT = 1205;

/** False when somebody was in the way: a node at work, or what a dead one left and the server still undoes. */
export async function unhindered(side: Connection, statement: string, values: unknown[] = []): Promise<boolean> {
  try {
    await side.query(statement, values);
    return true;
  } catch (error) {
    const { errno } = error as { errno?: number };
    if (errno !== DEADLOCK && errno !== LOCK_WAIT) throw error;
    return false;
  }
}

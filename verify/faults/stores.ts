import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import type { PrivateServer } from '../../scripts/lib/service.mjs';
import type { Direction, TcpGate } from '../../test/support/tcp-gate';
import type { Cluster } from '../cluster';
import type { Strike } from '../fault-plan';
import { sideConnection } from '../stores';
import { restart } from './processes';

type Heal = () => void | Promise<void>;

/** The database and Redis: killed, frozen, emptied, or out of one node's reach. */
export function storeFaults(cluster: Cluster) {
  const { stores, nodes } = cluster;
  const { database, redis } = stores;

  async function frozen(server: PrivateServer, lasts: number): Promise<void> {
    stores.freeze(server);
    await sleep(lasts);
    stores.thaw(server);
  }

  async function withoutRedis(meanwhile: () => Promise<unknown>): Promise<void> {
    await redis.kill();
    try {
      await meanwhile();
    } finally {
      await redis.start();
    }
  }

  async function eachWay(lasts: number, strike: (way: TcpGate) => Heal | Promise<Heal>): Promise<void> {
    for (const node of nodes) {
      const heal = await strike(cluster.wayToRedis(node));
      await sleep(lasts);
      await heal();
    }
  }

  return {
    'database-kill': async (lasts) => {
      await database.kill();
      await sleep(lasts);
      await database.start();
    },
    // The database dies while commits are on their way: their outcome is unknown to everybody.
    'commit-kill': async (lasts) => {
      const side = await sideConnection(cluster.mysqlUrl);
      try {
        await blockCommits(side);
        await sleep(lasts);
        await database.kill();
      } finally {
        side.destroy();
      }
      await database.start();
    },
    // Longer than the application waits for an answer; what it asked is heard afterwards.
    'database-stall': (lasts) => frozen(database, lasts),
    'redis-flush': () => stores.flushRedis(),
    'redis-stall': (lasts) => frozen(redis, lasts),
    'redis-stop': (lasts) => withoutRedis(() => sleep(lasts)),
    // A node also starts without it, as a deployment might for a whole day.
    'redis-absent': (lasts, random) =>
      withoutRedis(async () => {
        await restart(random.pick(nodes), 300);
        await sleep(lasts);
      }),
    // One node after the other loses its way to Redis, and the others keep theirs.
    'redis-way-cut': (lasts) =>
      eachWay(lasts, async (way) => {
        await way.shut();
        return () => way.open();
      }),
    'redis-way-frozen': (lasts) => eachWay(lasts, (way) => hushed(way)),
    'redis-inbound-frozen': (lasts) => eachWay(lasts, (way) => hushed(way, 'from the server')),
    'redis-outbound-frozen': (lasts) => eachWay(lasts, (way) => hushed(way, 'to the server')),
  } satisfies Record<string, Strike>;
}

function hushed(way: TcpGate, ...directions: Direction[]): Heal {
  way.hush(...directions);
  return () => way.speak();
}

/** Statements still succeed, and no COMMIT comes back while this session lives. */
async function blockCommits(side: Connection): Promise<void> {
  try {
    await side.query('BACKUP STAGE START');
    await side.query('BACKUP STAGE BLOCK_COMMIT');
  } catch (error) {
    // MySQL has no such stages; this lock holds back COMMIT there as well.
    if ((error as { errno?: number }).errno !== 1064) throw error;
    await side.query('FLUSH TABLES WITH READ LOCK');
  }
}

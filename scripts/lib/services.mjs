/** The private servers of one launcher: which are needed, started together, watched, restarted when they die. */
import { join } from 'node:path';
import { Backoff } from './backoff.mjs';
import { ensureBinaries } from './binaries.mjs';
import { serverEnded } from './messages.mjs';
import { startMariadb } from './mariadb.mjs';
import { pause } from './processes.mjs';
import { startRedis } from './redis.mjs';

/**
 * @param {{
 *   dir: string, mysqlUrl?: string, redisUrl?: string, durable?: boolean, guard: import('./guard.mjs').Guard,
 *   log: import('./messages.mjs').Log, signal?: AbortSignal, bufferPool?: string, mayCreateDatabases?: boolean,
 *   binDir?: string,
 * }} options a server whose URL is given is not started; binDir: the DATA_DIR under which unpacked programs are kept
 * @returns {Promise<{ mysqlUrl: string, redisUrl: string, embeddedDatabase: boolean, stop: () => Promise<void> }>}
 */
export async function startServices(options) {
  const { dir, mysqlUrl, redisUrl, guard, log, signal } = options;
  /** @type {import('./binaries.mjs').Need[]} */
  const needs = [];
  if (!mysqlUrl) needs.push('database');
  if (!redisUrl) needs.push('redis');
  const found = needs.length ? await ensureBinaries({ needs, dataDir: options.binDir ?? dir, log, signal }) : {};

  let stopping = false;
  /** @type {Map<string, { start(): Promise<void>, stop(): Promise<void> }>} */
  const running = new Map();
  /** @param {string} name */
  const hooks = (name) => {
    const backoff = new Backoff();
    const revive = async (/** @type {string} */ how) => {
      // A disk that is full now has room again later: whatever keeps a server down, it is tried until we are stopped.
      while (!stopping) {
        const waitMs = backoff.next();
        log(serverEnded({ name, how, waitMs, log: join(dir, 'logs', `${name}.log`) }));
        await pause(waitMs);
        if (stopping) return;
        backoff.begin();
        try {
          await running.get(name)?.start();
          log(`The private ${name} server is back.`);
          return;
        } catch (error) {
          how = `did not start (${error instanceof Error ? error.message.split('\n')[0] : error})`;
        }
      }
    };
    return {
      onSpawn: (/** @type {import('./processes.mjs').Identity} */ identity) => guard.watch(name, identity),
      onDeath: (/** @type {number | null} */ code, /** @type {NodeJS.Signals | null} */ killer) => {
        if (!stopping) void revive(killer ? `was killed by ${killer}` : `exited with code ${code}`);
      },
    };
  };
  const { durable, bufferPool, mayCreateDatabases } = options;
  const stop = async () => {
    stopping = true;
    await Promise.all(
      [...running].map(async ([name, service]) => {
        await service.stop();
        guard.forget(name);
      }),
    );
  };
  /** @param {string} name @param {Promise<{ url: string, start(): Promise<void>, stop(): Promise<void> }>} starting */
  const add = async (name, starting) => {
    const service = await starting;
    running.set(name, service);
    return service.url;
  };
  const common = { dir, durable, log, signal };
  const results = await Promise.allSettled([
    mysqlUrl ||
      add(
        'mysql',
        startMariadb({ ...common, ...hooks('mysql'), bufferPool, mayCreateDatabases, binaries: found.database }),
      ),
    redisUrl || add('redis', startRedis({ ...common, ...hooks('redis'), binaries: found.redis })),
  ]);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) {
    await stop();
    throw failed.reason;
  }
  const [mysql, redis] = results.map((result) => /** @type {PromiseFulfilledResult<string>} */ (result).value);
  return { mysqlUrl: mysql, redisUrl: redis, embeddedDatabase: !mysqlUrl, stop };
}

/** The directory of these files, from which helper processes are started. @param {string} root */
export const libDir = (root) => join(root, 'scripts', 'lib');

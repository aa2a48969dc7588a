/** `npm start`, from the lock to the last server's end. Everything that a test wants to replace is a parameter. */
import { join, resolve } from 'node:path';
import { startApplication } from './application.mjs';
import { Backoff } from './backoff.mjs';
import { checkDataDir, inWords } from './data-dir.mjs';
import { Guard, endLeftovers } from './guard.mjs';
import { takeLock } from './lock.mjs';
import { LauncherError, StoppedError, alreadyRunning, applicationEnded, say } from './messages.mjs';
import { databaseDir } from './mariadb.mjs';
import { identityOf, pause } from './processes.mjs';
import { encryptionKey, operatorToken } from './secrets.mjs';
import { libDir, startServices } from './services.mjs';
import { fired, listenForStop } from './signals.mjs';

/** Longer than the application waits for itself: STOP_PATIENCE_MS in src/main.ts, 60 s. */
const DRAIN_MS = 65_000;

/**
 * @typedef {import('./processes.mjs').Identity} Identity
 * @typedef {ReturnType<typeof listenForStop>} Wishes
 * @typedef {{
 *   root: string, env: NodeJS.ProcessEnv, command: string[], log?: import('./messages.mjs').Log,
 *   prepare?: (signal: AbortSignal) => Promise<unknown>,
 *   build?: (signal: AbortSignal) => Promise<unknown>,
 *   check?: (env: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<unknown>,
 *   changes?: (onChange: () => void) => () => void,
 * }} LaunchOptions
 * prepare: what must be there before anything starts (free ports, packages); build: what must be there before the
 * application starts, done while the servers come up; check: throws where the application would refuse its environment,
 * in which URLs of servers still to come are made up; changes: calls back when sources changed, which builds and restarts
 */

/** @param {LaunchOptions} options @returns {Promise<number>} the exit code */
export async function launch(options) {
  const { root, env, log = say } = options;
  const dir = resolve(root, env.DATA_DIR || '.data');
  const underNpm = Boolean(env.npm_lifecycle_event);
  const wishes = listenForStop({ log, endWithParent: underNpm });
  try {
    checkDataDir(dir);
    const parent = underNpm ? identityOf(process.ppid) : undefined;
    const taken = await takeLock(join(dir, 'launcher.lock'), { parent });
    if (!('lock' in taken))
      throw new LauncherError(alreadyRunning({ pid: taken.holder.pid, dataDir: dir }), { code: 'ALREADY_RUNNING' });
    try {
      return await launchLocked(options, dir, wishes);
    } finally {
      taken.lock.release();
    }
  } catch (error) {
    if (error instanceof StoppedError) return wishes.received() === 'SIGINT' ? 130 : 143;
    throw inWords(error, dir);
  } finally {
    wishes.dispose();
  }
}

/** @param {LaunchOptions} options @param {string} dir @param {Wishes} wishes */
async function launchLocked(options, dir, wishes) {
  const { root, env, log = say, prepare, build, check } = options;
  await endLeftovers(dir, log);
  await prepare?.(wishes.stop);
  const guard = new Guard({ libDir: libDir(root), dir, log });
  /** @type {Awaited<ReturnType<typeof startServices>> | undefined} */
  let services;
  const failed = new AbortController();
  const signal = AbortSignal.any([wishes.stop, failed.signal]);
  try {
    const key = env.ENCRYPTION_KEY || (env.MYSQL_URL ? undefined : encryptionKey(dir, databaseDir(dir)));
    if (!env.MYSQL_URL || !env.REDIS_URL) log('Starting the private servers … 正在启动私有的数据库与 Redis …');
    const starting = startServices({
      dir,
      mysqlUrl: env.MYSQL_URL,
      redisUrl: env.REDIS_URL,
      bufferPool: env.EMBEDDED_BUFFER_POOL,
      guard,
      log,
      signal,
    });
    const building = (async () => {
      await build?.(signal);
      await check?.(applicationEnv(env, dir, expectedServices(env), key), signal);
    })().catch((error) => {
      // Nobody waits for servers that nothing will use.
      failed.abort();
      throw error;
    });
    const [started, built] = await Promise.allSettled([starting, building]);
    if (started.status === 'fulfilled') services = started.value;
    if (wishes.stop.aborted) throw new StoppedError();
    for (const result of [built, started]) if (result.status === 'rejected') throw result.reason;
    if (!services) throw new StoppedError();
    return await serve(options, applicationEnv(env, dir, services, key), guard, wishes);
  } finally {
    await services?.stop();
    await guard.dismiss();
  }
}

/**
 * Runs the application until it is told to end, or ends without having come up (it has said why). One that served and
 * crashed starts again, each time a little later, while the servers stay up.
 * @param {LaunchOptions} options @param {NodeJS.ProcessEnv} env the application's @param {Guard} guard @param {Wishes} wishes
 */
async function serve({ root, command, log = say, build, changes }, env, guard, wishes) {
  const stopped = fired(wishes.stop);
  const { rebuilt, unwatch } = watchChanges({ build, changes, log, stop: wishes.stop });
  const backoff = new Backoff();
  let served = false;
  let next = rebuilt();
  try {
    for (;;) {
      backoff.begin();
      const onSpawn = (/** @type {Identity} */ identity) => guard.watch('app', identity, 'app');
      const app = startApplication({ command, cwd: root, env, onSpawn });
      const event = await Promise.race([stopped, app.ended, next]);
      if (event === 'stop') {
        wishes.force.addEventListener('abort', () => app.signal('SIGKILL'), { once: true });
        const { code } = await app.end(wishes.received(), DRAIN_MS);
        return wishes.force.aborted ? 130 : code;
      }
      served ||= app.served();
      if (event === 'changed') await app.end('SIGTERM', DRAIN_MS);
      else if (served && event.code !== 0) {
        const waitMs = backoff.next();
        log(applicationEnded(event, waitMs));
        if ((await Promise.race([stopped, pause(waitMs)])) === 'stop') return event.code;
        continue;
      } else if (!changes) return event.code;
      else {
        log(`The application ended (code ${event.code}); it starts again after a change.`);
        if ((await Promise.race([stopped, next])) === 'stop') return event.code;
      }
      next = rebuilt();
    }
  } finally {
    guard.forget('app');
    unwatch();
  }
}

/**
 * @param {Pick<LaunchOptions, 'build' | 'changes'> & { log: import('./messages.mjs').Log, stop: AbortSignal }} options
 * @returns {{ rebuilt: () => Promise<'changed'>, unwatch: () => void }} rebuilt resolves when a change has compiled; one
 *   that does not compile waits for the next
 */
function watchChanges({ build, changes, log, stop }) {
  let wake = () => {};
  /** A change that comes during a build counts for the next look. @returns {Promise<'changed'>} */
  const armed = () => new Promise((resolve) => (wake = () => resolve('changed')));
  let change = armed();
  const unwatch = changes?.(() => wake());
  const rebuilt = async () => {
    for (;;) {
      await change;
      change = armed();
      try {
        await build?.(stop);
        return /** @type {const} */ ('changed');
      } catch (error) {
        if (!stop.aborted) log(error instanceof Error ? error.message : String(error));
      }
    }
  };
  return { rebuilt, unwatch: () => unwatch?.() };
}

/** What `startServices` will answer, as far as it is known before. @param {NodeJS.ProcessEnv} env */
const expectedServices = ({ MYSQL_URL, REDIS_URL }) => ({
  mysqlUrl: MYSQL_URL || 'mysql://private@127.0.0.1/parley',
  redisUrl: REDIS_URL || 'redis://127.0.0.1',
  embeddedDatabase: !MYSQL_URL,
});

/** @param {NodeJS.ProcessEnv} env @param {string} dir @param {{ mysqlUrl: string, redisUrl: string, embeddedDatabase: boolean }} services @param {string | undefined} key @returns {NodeJS.ProcessEnv} */
function applicationEnv(env, dir, services, key) {
  return {
    ...env,
    DATA_DIR: dir,
    MYSQL_URL: services.mysqlUrl,
    REDIS_URL: services.redisUrl,
    ...(key === undefined ? {} : { ENCRYPTION_KEY: key }),
    ...(services.embeddedDatabase
      ? { PARLEY_EMBEDDED: '1', OPERATOR_TOKEN: env.OPERATOR_TOKEN || operatorToken(dir) }
      : { PARLEY_EMBEDDED: undefined }),
  };
}

/** Which database a backup is of, and how the tools of MySQL reach it: by URL, the private one, or the one of compose. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ensureBinaries } from './binaries.mjs';
import { checkDataDir } from './data-dir.mjs';
import { readIfThere } from './files.mjs';
import { Guard, endLeftovers } from './guard.mjs';
import { takeLock } from './lock.mjs';
import { databaseDir, startMariadb } from './mariadb.mjs';
import {
  LauncherError,
  alreadyRunning,
  keyMissing,
  noComposeSettings,
  nothingToBackUp,
  wrongMysqlUrl,
} from './messages.mjs';
import { libDir } from './services.mjs';

/** @typedef {{ command: string, args: string[], env: NodeJS.ProcessEnv }} Call */
/**
 * @typedef {{
 *   name: string, database: string, key: string | undefined, flavor: 'mariadb' | 'mysql',
 *   dump: (args: string[]) => Call, client: (args: string[]) => Call, close: () => Promise<void>,
 * }} Place
 * name: for people; key: the ENCRYPTION_KEY that goes with the data, where it is known here
 */
/** @typedef {{ root: string, dir: string, env: NodeJS.ProcessEnv, log: import('./messages.mjs').Log, signal: AbortSignal }} Context */

/**
 * @param {Context} context @param {{ compose: boolean, alone: boolean }} options alone: nothing else may use the data
 * @returns {Promise<Place>}
 */
export async function openPlace(context, { compose, alone }) {
  if (compose) return composePlace(context);
  const { env, dir, log, signal } = context;
  if (!env.MYSQL_URL) return privatePlace(context, alone);
  partsOf(env.MYSQL_URL); // before tools are fetched for it
  const { dump: tools } = await ensureBinaries({ needs: ['dump'], dataDir: dir, log, signal });
  return urlPlace(env.MYSQL_URL, tools, { key: env.ENCRYPTION_KEY, close: async () => {} });
}

/** @param {string} text @throws {LauncherError} in a sentence, where it is no URL of a database */
function partsOf(text) {
  try {
    const { protocol, host, hostname, port, username, password, pathname } = new URL(text);
    const [user, secret, database] = [username, password, pathname.slice(1)].map(decodeURIComponent);
    if (/^(mysql|mariadb):$/.test(protocol) && hostname && database)
      return { host, hostname, port, user, password: secret, database };
  } catch (error) {
    // Both say the same of text that cannot be read: new URL a TypeError, decodeURIComponent a URIError.
    if (!(error instanceof TypeError || error instanceof URIError)) throw error;
  }
  throw new LauncherError(wrongMysqlUrl, { code: 'MYSQL_URL' });
}

/**
 * @param {string} text @param {import('./binaries.mjs').DumpBinaries} tools
 * @param {{ key: string | undefined, close: () => Promise<void> }} rest @returns {Place}
 */
function urlPlace(text, tools, { key, close }) {
  const { host, hostname, port, user, password, database } = partsOf(text);
  const where = [`--host=${hostname}`, `--port=${port || 3306}`, `--user=${user}`, '--protocol=tcp'];
  // Not among the arguments, which every user of the machine can read.
  const env = { ...process.env, ...tools.env, MYSQL_PWD: password };
  const call = (/** @type {string} */ command) => (/** @type {string[]} */ args) => ({
    command,
    args: ['--no-defaults', ...where, ...args],
    env,
  });
  const name = `${database} on ${host}`;
  return { name, database, key, flavor: tools.flavor, dump: call(tools.dump), client: call(tools.client), close };
}

/** The private database: as it runs, else started for as long as this takes. @param {Context} context @param {boolean} alone */
async function privatePlace({ root, dir, env, log, signal }, alone) {
  checkDataDir(dir);
  const key = env.ENCRYPTION_KEY || readIfThere(join(dir, 'encryption.key'))?.trim();
  if (!key) throw new LauncherError(keyMissing(dir), { code: 'KEY_LOST' });
  const { database, dump: tools } = await ensureBinaries({ needs: ['database', 'dump'], dataDir: dir, log, signal });
  const taken = await takeLock(join(dir, 'launcher.lock'));
  if (!('lock' in taken)) {
    if (alone)
      throw new LauncherError(alreadyRunning({ pid: taken.holder.pid, dataDir: dir }), { code: 'ALREADY_RUNNING' });
    const file = (/** @type {string} */ name) => readFileSync(join(dir, name), 'utf8').trim();
    const url = `mysql://parley:${file('mysql.password')}@127.0.0.1:${file('mysql.port')}/parley`;
    return urlPlace(url, tools, { key, close: async () => {} });
  }
  const guard = new Guard({ libDir: libDir(root), dir, log });
  /** @type {Awaited<ReturnType<typeof startMariadb>> | undefined} */
  let server;
  const close = async () => {
    await server?.stop();
    await guard.dismiss();
    taken.lock.release();
  };
  try {
    await endLeftovers(dir, log);
    if (!alone && !existsSync(databaseDir(dir)))
      throw new LauncherError(nothingToBackUp(dir), { code: 'NOTHING_TO_BACK_UP' });
    server = await startMariadb({ dir, log, signal, binaries: database, onSpawn: (one) => guard.watch('mysql', one) });
    return urlPlace(server.url, tools, { key, close });
  } catch (error) {
    await close();
    throw error;
  }
}

/** The mysql service of docker-compose.yml: its own tools, inside its container. @param {Context} context @returns {Place} */
function composePlace({ root, env }) {
  const project = resolve(root, env.COMPOSE_DIR || '.');
  const settings = readIfThere(join(project, '.env'));
  if (settings === undefined) throw new LauncherError(noComposeSettings(project), { code: 'NO_COMPOSE' });
  const call = (/** @type {string} */ tool) => (/** @type {string[]} */ args) => ({
    command: 'docker',
    args: [
      ...['compose', '--project-directory', project, 'exec', '-T', 'mysql', 'sh', '-c'],
      `MYSQL_PWD="$MYSQL_PASSWORD" exec ${tool} --user=parley "$@"`,
      tool,
      ...args,
    ],
    env: process.env,
  });
  return {
    name: 'parley in the mysql service of docker compose',
    database: 'parley',
    key: parseEnv(settings).ENCRYPTION_KEY || undefined,
    flavor: 'mysql',
    dump: call('mysqldump'),
    client: call('mysql'),
    close: async () => {},
  };
}

/** A private MariaDB (or MySQL) server on the loopback, with its data in one directory. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { findBinaries } from './binaries.mjs';
import { makeDir, readIfThere, syncDir, writeDurably } from './files.mjs';
import { LauncherError } from './messages.mjs';
import { firstAnswer, freePort, isFree } from './network.mjs';
import { run } from './processes.mjs';
import { passwordFor } from './secrets.mjs';
import { Service, choosePort } from './service.mjs';

/** @typedef {import('./binaries.mjs').DatabaseBinaries} DatabaseBinaries */

/** Where the rows are, below `dir`. @param {string} dir */
export const databaseDir = (dir) => join(dir, 'mysql');

/** At its start a server deletes whatever tables of others it finds among its temporary files: each has a place of its own. */
const tempDir = (/** @type {string} */ dir) => join(dir, 'mysql.tmp');

const DATABASE = 'parley';

/**
 * @param {{
 *   dir: string, port?: number, durable?: boolean, log?: import('./messages.mjs').Log, binaries?: DatabaseBinaries,
 *   bufferPool?: string, mayCreateDatabases?: boolean, args?: string[], signal?: AbortSignal,
 *   onSpawn?: import('./service.mjs').ServiceOptions['onSpawn'], onDeath?: import('./service.mjs').ServiceOptions['onDeath'],
 * }} options durable (default true): every commit is on the disk before it is answered; without it a test server is
 *   faster and may lose data in a power cut. mayCreateDatabases: the user of `url` may do everything, not only in `parley`.
 */
export async function startMariadb(options) {
  const {
    durable = true,
    log = () => {},
    bufferPool = '256M',
    mayCreateDatabases = false,
    args = [],
    signal,
  } = options;
  const dir = resolve(options.dir);
  const binaries = options.binaries ?? findBinaries().database;
  if (!binaries) throw new LauncherError('No mariadbd or mysqld was found.', { code: 'BINARIES_MISSING' });
  makeDir(tempDir(dir));
  await initialise({ dir, binaries, log, signal });

  const password = passwordFor(dir, 'mysql');
  const socket = socketPath(dir);
  const initFile = join(dir, 'mysql.init.sql');
  writeDurably(initFile, initSql(password, mayCreateDatabases));
  const keptPort = Number(readIfThere(join(dir, 'mysql.port'))) || undefined;
  const port = options.port ?? (await choosePort(keptPort, freePort, isFree));
  writeDurably(join(dir, 'mysql.port'), `${port}\n`);

  const service = new Service({
    name: binaries.flavor === 'mariadb' ? 'MariaDB' : 'MySQL',
    command: binaries.server,
    args: [
      ...serverArgs({ dir, binaries, port, socket, durable, bufferPool }),
      `--init-file=${initFile}`,
      `--pid-file=${join(dir, 'mysql.pid')}`,
      ...args,
    ],
    env: binaries.env,
    logFile: join(dir, 'logs', 'mysql.log'),
    // The greeting's payload begins with the protocol version, 10. It comes only after recovery is done.
    answers: async () => (await firstAnswer(port))?.[4] === 10,
    // Recovery after a power cut reads the whole redo log, and a large one takes its time on a slow disk.
    startMs: 120_000,
    stopMs: 60_000,
    signal: options.signal,
    onSpawn: options.onSpawn,
    onDeath: options.onDeath,
  });
  await service.start();
  return Object.assign(service, {
    port,
    socket,
    password,
    url: `mysql://${DATABASE}:${password}@127.0.0.1:${port}/${DATABASE}`,
  });
}

/**
 * Creates the system tables beside their place and moves them there when complete, so that a crash in between leaves
 * nothing half-made.
 * @param {{ dir: string, binaries: DatabaseBinaries, log: (line: string) => void, signal?: AbortSignal }} options
 */
async function initialise({ dir, binaries, log, signal }) {
  const data = databaseDir(dir);
  const flavorFile = join(dir, 'mysql.flavor');
  if (existsSync(data)) {
    const flavor = readIfThere(flavorFile)?.trim();
    if (flavor && flavor !== binaries.flavor)
      throw new LauncherError(
        `The data in ${data} belongs to ${flavor}, but only ${binaries.flavor} (${binaries.server}) was found. Install ${flavor}, or export and import.`,
        { code: 'FLAVOR' },
      );
    return;
  }
  for (const name of readdirSync(dir))
    if (name.startsWith('mysql.new-')) rmSync(join(dir, name), { recursive: true, force: true });
  const fresh = join(dir, `mysql.new-${randomBytes(4).toString('hex')}`);
  mkdirSync(fresh, { mode: 0o700 });
  log('Creating the private database … 正在创建私有数据库 …');
  const common = ['--no-defaults', `--datadir=${fresh}`, `--tmpdir=${tempDir(dir)}`, ...asUser(), ...basedir(binaries)];
  const { code, output } = binaries.installDb
    ? await run(
        binaries.installDb,
        [
          ...common,
          '--auth-root-authentication-method=normal',
          '--skip-test-db',
          '--skip-name-resolve',
          '--innodb-log-file-size=32M',
        ],
        { quiet: true, signal, env: { ...process.env, ...binaries.env } },
      )
    : await run(binaries.server, [...common, '--initialize-insecure'], {
        quiet: true,
        signal,
        env: { ...process.env, ...binaries.env },
      });
  if (code !== 0) throw new LauncherError(`The private database could not be created:\n${output.slice(-2000)}`);
  writeDurably(flavorFile, `${binaries.flavor}\n`);
  renameSync(fresh, data);
  syncDir(dir);
}

/** The server refuses to run as root unless told so, and a uid without a name (containers) has nothing to tell. */
const asUser = () => (process.getuid?.() === 0 ? [`--user=${userInfo().username}`] : []);

/** @param {DatabaseBinaries} binaries */
const basedir = (binaries) => (binaries.basedir ? [`--basedir=${binaries.basedir}`] : []);

/** A unix socket's path has at most 107 bytes. @param {string} dir */
function socketPath(dir) {
  const near = join(dir, 'mysql.sock');
  if (Buffer.byteLength(near) < 100) return near;
  return join(tmpdir(), `parley-${process.getuid?.() ?? 0}-${randomBytes(6).toString('hex')}.sock`);
}

/** @param {{ dir: string, binaries: DatabaseBinaries, port: number, socket: string, durable: boolean, bufferPool: string }} options */
function serverArgs({ dir, binaries, port, socket, durable, bufferPool }) {
  const mariadb = binaries.flavor === 'mariadb';
  return [
    '--no-defaults', // Must come first, else the system's settings leak in.
    ...asUser(),
    ...basedir(binaries),
    `--datadir=${databaseDir(dir)}`,
    `--tmpdir=${tempDir(dir)}`,
    `--socket=${socket}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    '--skip-name-resolve',
    '--local-infile=OFF',
    '--character-set-server=utf8mb4',
    '--collation-server=utf8mb4_unicode_ci',
    '--default-time-zone=+00:00',
    '--transaction-isolation=READ-COMMITTED',
    '--performance-schema=OFF',
    '--max-connections=300',
    '--table-open-cache=2000',
    `--innodb-buffer-pool-size=${bufferPool}`,
    // A lock wait that times out must undo the whole transaction, or half of it could be committed later.
    '--innodb-rollback-on-timeout=ON',
    `--innodb-flush-log-at-trx-commit=${durable ? 1 : 2}`,
    ...(durable
      ? []
      : ['--innodb-doublewrite=OFF', `--innodb-flush-method=${mariadb ? 'nosync' : 'O_DIRECT_NO_FSYNC'}`]),
    ...(mariadb
      ? // A node that froze inside a transaction must not hold its locks for ever.
        ['--skip-log-bin', '--innodb-log-file-size=32M', '--idle-transaction-timeout=5']
      : ['--disable-log-bin', '--mysqlx=OFF', '--loose-innodb-redo-log-capacity=64M']),
  ];
}

/**
 * Runs at every start and may run any number of times; one statement a line, as the server wants it. No account of
 * the installation keeps an empty password.
 * @param {string} password @param {boolean} everything
 */
function initSql(password, everything) {
  const hosts = ['localhost', '127.0.0.1'];
  return [
    `CREATE DATABASE IF NOT EXISTS \`${DATABASE}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;`,
    ...['localhost', '127.0.0.1', '::1'].map(
      (host) => `ALTER USER IF EXISTS 'root'@'${host}' IDENTIFIED BY '${password}';`,
    ),
    ...hosts.flatMap((host) => [
      `CREATE USER IF NOT EXISTS '${DATABASE}'@'${host}' IDENTIFIED BY '${password}';`,
      `ALTER USER '${DATABASE}'@'${host}' IDENTIFIED BY '${password}';`,
      `GRANT ALL PRIVILEGES ON ${everything ? '*' : `\`${DATABASE}\``}.* TO '${DATABASE}'@'${host}';`,
    ]),
    '',
  ].join('\n');
}

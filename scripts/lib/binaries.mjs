/** Finds the programs of MariaDB (or MySQL) and Redis (or Valkey), and installs them when they are absent. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { LauncherError, binariesMissing } from './messages.mjs';
import { run } from './processes.mjs';
import { unpackDebianPackages, unpackedRoot } from './unpack.mjs';

/**
 * @typedef {{ server: string, installDb?: string, basedir?: string, flavor: 'mariadb' | 'mysql', env: NodeJS.ProcessEnv }} DatabaseBinaries
 * @typedef {{ server: string, env: NodeJS.ProcessEnv }} RedisBinaries
 * @typedef {{ dump: string, client: string, flavor: 'mariadb' | 'mysql', env: NodeJS.ProcessEnv }} DumpBinaries
 * @typedef {{ database?: DatabaseBinaries, redis?: RedisBinaries, dump?: DumpBinaries }} Binaries
 * @typedef {'database' | 'redis' | 'dump'} Need dump: what copies a database out and in again
 */

/** Ordinary users often lack sbin in their PATH, and Homebrew keeps its own places. @returns {string[]} */
export const systemPath = () => [
  ...(process.env.PATH ?? '').split(delimiter).filter(Boolean),
  ...['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/libexec', '/opt/homebrew/bin'],
  ...['/opt/homebrew/opt/mariadb/bin', '/usr/local/opt/mariadb/bin', '/usr/local/bin'],
];

/** The path as found, never resolved: Debian's redis-server is a link to a program that looks at the name it was called by.
 * @param {string[]} dirs @param {...string} names @returns {string | undefined} */
export function which(dirs, ...names) {
  for (const name of names) for (const dir of dirs) if (existsSync(join(dir, name))) return join(dir, name);
  return undefined;
}

/**
 * @param {{ searchPath?: string[], unpackedIn?: string }} [options] searchPath: where to look (default: the system);
 *   unpackedIn: a directory into which `ensureBinaries` may have unpacked packages earlier
 * @returns {Binaries}
 */
export function findBinaries({ searchPath = systemPath(), unpackedIn } = {}) {
  const root = unpackedIn && unpackedRoot(unpackedIn);
  const own = root ? [join(root.dir, 'usr/sbin'), join(root.dir, 'usr/bin')] : [];
  return {
    database: findDatabase(searchPath, {}) ?? (root && findDatabase(own, root.env, join(root.dir, 'usr'))),
    redis: findRedis(searchPath, {}) ?? (root && findRedis(own, root.env)),
    dump: findDump(searchPath, {}) ?? (root && findDump(own, root.env)),
  };
}

/** @param {string[]} dirs @param {NodeJS.ProcessEnv} env @param {string} [basedir] @returns {DatabaseBinaries | undefined} */
function findDatabase(dirs, env, basedir) {
  const server = which(dirs, 'mariadbd', 'mysqld');
  if (!server) return undefined;
  const version = versionOf(server, env);
  if (version === undefined) return undefined;
  if (!/mariadb/i.test(version)) return { server, flavor: 'mysql', env, basedir };
  const installDb = which(dirs, 'mariadb-install-db', 'mysql_install_db');
  // The install script calls this helper, which Debian ships in another package than the server.
  if (!installDb || !which(dirs, 'my_print_defaults')) return undefined;
  return { server, installDb, flavor: 'mariadb', env, basedir };
}

/** Undefined for a program that does not even start, as when a library of it is gone. @param {string} server @param {NodeJS.ProcessEnv} env */
function versionOf(server, env) {
  try {
    return execFileSync(server, ['--no-defaults', '--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...env },
    });
  } catch {
    return undefined;
  }
}

/** @param {string[]} dirs @param {NodeJS.ProcessEnv} env @returns {RedisBinaries | undefined} */
function findRedis(dirs, env) {
  const server = which(dirs, 'redis-server', 'valkey-server');
  return server ? { server, env } : undefined;
}

/** @param {string[]} dirs @param {NodeJS.ProcessEnv} env @returns {DumpBinaries | undefined} */
function findDump(dirs, env) {
  const dump = which(dirs, 'mariadb-dump', 'mysqldump');
  const client = which(dirs, 'mariadb', 'mysql');
  const version = dump && client && versionOf(dump, env);
  return version ? { dump, client, flavor: /mariadb/i.test(version) ? 'mariadb' : 'mysql', env } : undefined;
}

const DEBIAN = {
  database: ['mariadb-server-core', 'mariadb-client-core'],
  redis: ['redis-server'],
  dump: ['mariadb-client'],
};
/** How each package manager installs without a question. @type {{ command: string, packages: Record<Need, string[]>, update?: string[], install: string[], root: boolean }[]} */
const MANAGERS = [
  {
    command: 'apt-get',
    packages: DEBIAN,
    update: ['update', '-qq'],
    install: ['install', '-y', '-qq', '--no-install-recommends'],
    root: true,
  },
  {
    command: 'dnf',
    packages: { database: ['mariadb-server'], redis: ['redis'], dump: ['mariadb'] },
    install: ['install', '-y', '--setopt=install_weak_deps=False'],
    root: true,
  },
  {
    command: 'brew',
    packages: { database: ['mariadb'], redis: ['redis'], dump: ['mariadb'] },
    install: ['install'],
    root: false,
  },
];

/** What to type by hand. @param {Need[]} needs @returns {Record<string, string>} */
const byHand = (needs) =>
  Object.fromEntries(
    MANAGERS.map(({ command, packages, root }) => {
      const names = needs.flatMap((need) => packages[need]).join(' ');
      const verb = command === 'brew' ? 'install' : 'install -y';
      return [command.replace('-get', ''), `${root ? 'sudo ' : ''}${command.replace('-get', '')} ${verb} ${names}`];
    }),
  );

/**
 * Gives the programs for all `needs`, installing what is absent; throws one message with the alternatives when it cannot.
 * @param {{ needs: Need[], dataDir: string, log: import('./messages.mjs').Log, signal?: AbortSignal, searchPath?: string[],
 *   toolPath?: string[], dpkgStatus?: string, uid?: number }} options
 *   toolPath: where package managers and sudo are looked for; dpkgStatus: apt's record of what the system has
 * @returns {Promise<Binaries>}
 */
export async function ensureBinaries(options) {
  const { needs, dataDir, log, signal, searchPath = systemPath(), toolPath = systemPath(), dpkgStatus } = options;
  const uid = options.uid ?? process.getuid?.() ?? 0;
  const unpackedIn = join(dataDir, 'bin');
  const find = () => findBinaries({ searchPath, unpackedIn });
  const missing = (/** @type {Binaries} */ found) => needs.filter((need) => found[need] === undefined);
  let found = find();
  let absent = missing(found);
  if (absent.length === 0) return found;

  const title = { database: 'MariaDB', redis: 'Redis', dump: 'mariadb-dump' };
  log(`Installing ${absent.map((need) => title[need]).join(' and ')} … 正在安装 …`);
  let reason = 'no package manager that Parley knows was found';
  const manager = MANAGERS.find(({ command }) => which(toolPath, command));
  const program = manager && which(toolPath, manager.command);
  if (manager && program) {
    const prefix = await elevation(manager.root, uid, toolPath, signal);
    const packages = absent.flatMap((need) => manager.packages[need]);
    if (prefix) {
      const call = (/** @type {string[]} */ args) => {
        const line = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', program, ...args];
        return run(line[0], line.slice(1), { signal, quiet: true });
      };
      if (manager.update) await call(manager.update);
      const { code, output } = await call([...manager.install, ...packages]);
      reason = code === 0 ? 'they were installed, but not found' : `${manager.command}: ${lastLines(output)}`;
    } else if (manager.command === 'apt-get') {
      // What was unpacked before is replaced as a whole, so everything that the system lacks is asked for.
      const system = findBinaries({ searchPath });
      const usual = /** @type {Need[]} */ (['database', 'redis']);
      const lacking = [...new Set([...usual, ...needs])].filter((need) => !system[need]);
      const all = lacking.flatMap((need) => DEBIAN[need]);
      const result = await unpackDebianPackages({ packages: all, into: unpackedIn, dpkgStatus, log, signal });
      reason = `not root, no password-less sudo; ${result}`;
    } else reason = 'not root, and no password-less sudo';
    found = find();
    absent = missing(found);
  }
  if (absent.length === 0) return found;
  const message = binariesMissing({
    missing: absent.map((need) => title[need]),
    servers: absent.some((need) => need !== 'dump'),
    reason,
    packages: byHand(absent),
  });
  throw new LauncherError(message, { code: 'BINARIES_MISSING' });
}

/** What to put before a command that needs root, or undefined when root is out of reach without a question.
 * @param {boolean} needed @param {number} uid @param {string[]} toolPath @param {AbortSignal} [signal] */
async function elevation(needed, uid, toolPath, signal) {
  if (!needed || uid === 0) return [];
  const sudo = which(toolPath, 'sudo');
  if (!sudo) return undefined;
  const { code } = await run(sudo, ['-n', 'true'], { quiet: true, signal });
  return code === 0 ? [sudo, '-n'] : undefined;
}

/** @param {string} output */
const lastLines = (output) => output.trim().split('\n').slice(-3).join(' / ') || 'failed';

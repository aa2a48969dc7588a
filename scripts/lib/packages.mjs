/** The npm packages of this repository: installed when missing, and again when the lock file changed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readIfThere, readJson } from './files.mjs';
import { takeLock } from './lock.mjs';
import { LauncherError, npmFailed } from './messages.mjs';
import { run } from './processes.mjs';

/** Native packages depend on these, so a tree that was made for another machine or Node is not taken. */
const platform = `${process.platform}-${process.arch}-${process.versions.modules}`;

/** @param {string} root */
const wanted = (root) => `${platform} ${hashFiles(root, ['package-lock.json'])}`;

/** @param {string} root */
const stampPath = (root) => join(root, 'node_modules', '.parley-lock-hash');

/** Whether npm's own record of what is installed says the same as the lock file, as after a manual `npm install`.
 * @param {string} root */
function agreesWithNpm(root) {
  const lock = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (!lock || !installed) return false;
  return Object.entries(lock).every(([path, entry]) => {
    if (path === '' || !path.startsWith('node_modules/')) return true;
    const present = installed[path];
    return present ? present.version === entry.version : Boolean(entry.optional || entry.peer || entry.devOptional);
  });
}

/** @param {string} root */
export function packagesAreCurrent(root) {
  const stamp = readIfThere(stampPath(root));
  if (stamp === wanted(root)) return true;
  if (stamp !== undefined && !stamp.startsWith(`${platform} `)) return false;
  if (!agreesWithNpm(root)) return false;
  writeFileSync(stampPath(root), wanted(root));
  return true;
}

/**
 * @param {{ root: string, log: import('./messages.mjs').Log, signal?: AbortSignal, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<boolean>} whether something was installed
 */
export async function ensurePackages({ root, log, signal, env = process.env }) {
  if (packagesAreCurrent(root)) return false;
  // `npm start` and `npm test` may come at the same time in a fresh clone; the second waits for the first's install.
  const taken = await takeLock(join(root, '.setup.lock'), { waitMs: 15 * 60_000 });
  if (!('lock' in taken)) throw new LauncherError(`Another set-up (process ${taken.holder.pid}) does not end.`);
  try {
    if (packagesAreCurrent(root)) return false;
    log('Installing npm packages (one or two minutes) … 正在安装 npm 依赖（约一两分钟）…');
    const started = Date.now();
    // --include=dev: building needs the tools even where the shell says NODE_ENV=production.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const npm = env.npm_execpath?.endsWith('.js') ? [process.execPath, env.npm_execpath] : ['npm'];
    const { code } = await run(npm[0], [...npm.slice(1), ...args], { cwd: root, env, signal });
    if (code !== 0) throw new LauncherError(npmFailed(`npm ${args.join(' ')}`, `(exit code ${code})`));
    writeFileSync(stampPath(root), wanted(root));
    log(`npm packages are installed (${Math.round((Date.now() - started) / 1000)} s).`);
    return true;
  } finally {
    taken.lock.release();
  }
}

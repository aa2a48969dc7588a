/** Compiles the sources to dist/, only when something that goes into the build has changed since the last one. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { hashFiles, listFiles, readIfThere } from './files.mjs';
import { takeLock } from './lock.mjs';
import { LauncherError } from './messages.mjs';
import { run } from './processes.mjs';

const SETTINGS = [
  'ormconfig.ts',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'scripts/wire-types.cjs',
  'package-lock.json',
];

/** @param {string} root */
export function sourcesHash(root) {
  const sources = listFiles(join(root, 'src'), (path) => !path.endsWith('.spec.ts'));
  return hashFiles(root, [...SETTINGS, ...sources.map((path) => relative(root, path))]);
}

/** @param {string} root */
const stampPath = (root) => join(root, 'dist', '.build-hash');

/** @param {string} root @param {string} hash */
const isBuilt = (root, hash) => readIfThere(stampPath(root)) === hash && existsSync(join(root, 'dist/src/main.js'));

/**
 * @param {{ root: string, log: import('./messages.mjs').Log, signal?: AbortSignal, force?: boolean }} options
 * @returns {Promise<boolean>} whether it was compiled
 */
export async function ensureBuild({ root, log, signal, force = false }) {
  if (!force && isBuilt(root, sourcesHash(root))) return false;
  const taken = await takeLock(join(root, '.setup.lock'), { waitMs: 5 * 60_000 });
  if (!('lock' in taken)) throw new LauncherError(`Another build (process ${taken.holder.pid}) does not end.`);
  try {
    const hash = sourcesHash(root);
    if (!force && isBuilt(root, hash)) return false;
    log('Building … 正在构建 …');
    rmSync(stampPath(root), { force: true });
    const nest = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
    const { code } = await run(process.execPath, [nest, 'build'], { cwd: root, signal });
    if (code !== 0)
      throw new LauncherError('The build failed; the compiler says above what is wrong. 构建失败，原因见上。');
    // A source that was saved during the build makes the stamp differ at the next look, so nothing stale is kept.
    writeFileSync(stampPath(root), hash);
    return true;
  } finally {
    taken.lock.release();
  }
}

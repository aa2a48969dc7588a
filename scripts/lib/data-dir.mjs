/** DATA_DIR: whether it can be used, and what a file system error in it means for the person who started us. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDir } from './files.mjs';
import { LauncherError, dataDirUnusable } from './messages.mjs';

/**
 * Makes the directory where it is missing, and tries whether a file can be written there.
 * @param {string} dir @throws {LauncherError} in one sentence when it cannot be used
 */
export function checkDataDir(dir) {
  const probe = join(dir, `.probe-${process.pid}`);
  try {
    makeDir(dir);
    // Not empty: a full disk still takes new names.
    writeFileSync(probe, 'x'.repeat(4096), { mode: 0o600 });
  } catch (error) {
    forget(probe);
    throw inWords(error, dir);
  }
  forget(probe);
}

/** What could not be made need not be removed. @param {string} path */
function forget(path) {
  try {
    rmSync(path, { force: true });
  } catch {
    // It is not there, or its directory is not to be written.
  }
}

/**
 * The same error, in a sentence where it is one of the file system's about this directory, what is in it, or where it stands.
 * @param {unknown} error @param {string} dir @returns {unknown}
 */
export function inWords(error, dir) {
  const { code = '', path } = /** @type {NodeJS.ErrnoException} */ (error instanceof Error ? error : {});
  if (error instanceof LauncherError || (path !== undefined && !path.startsWith(dir) && !dir.startsWith(path)))
    return error;
  const text = dataDirUnusable(dir, code);
  return text === undefined ? error : new LauncherError(text, { code });
}

/** Small file helpers for state that must survive a power cut. */
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** A directory entry is durable only when its directory was synced too; some file systems refuse that, harmlessly. @param {string} dir */
export function syncDir(dir) {
  let fd;
  try {
    fd = openSync(dir, 'r');
    fsyncSync(fd);
  } catch {
    // Best effort.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/**
 * The directory and what is missing above it, for its owner only. Not by Node's own `recursive`, which never ends where a
 * directory that exists refuses new names as /proc does (ENOENT).
 * @param {string} dir absolute @throws {NodeJS.ErrnoException} EEXIST where something else has its name
 */
export function makeDir(dir) {
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EEXIST' && statSync(dir, { throwIfNoEntry: false })?.isDirectory()) return;
    if (code !== 'ENOENT' || existsSync(dirname(dir))) throw error;
    makeDir(dirname(dir));
    makeDir(dir);
  }
}

/** Replaces the file in one step: after a crash either the old or the new content is there, never half of it.
 * @param {string} path @param {string} data @param {number} [mode] */
export function writeDurably(path, data, mode = 0o600) {
  const partial = `${path}.${process.pid}.tmp`;
  const fd = openSync(partial, 'w', mode);
  try {
    writeSync(fd, data);
    fsyncSync(fd);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(partial, path);
  syncDir(dirname(path));
}

/** @param {string} path @returns {string | undefined} */
export function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {string} path @returns {any} undefined when absent or torn */
export function readJson(path) {
  try {
    return JSON.parse(readIfThere(path) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** @param {string} dir @param {(path: string) => boolean} wanted @returns {string[]} sorted, so that a hash over it is stable */
export function listFiles(dir, wanted) {
  /** @type {string[]} */
  const found = [];
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) found.push(...listFiles(path, wanted));
    else if (entry.isFile() && wanted(path)) found.push(path);
  }
  return found.sort();
}

/** @param {string} root @param {string[]} paths relative to root; absent files count as empty @param {string} [salt] */
export function hashFiles(root, paths, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const path of paths) {
    const content = readIfThere(join(root, path)) ?? '';
    hash.update(`\0${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}

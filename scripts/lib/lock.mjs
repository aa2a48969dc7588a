/**
 * One launcher a directory. The lock is a file that names its holder; a holder that is dead (or whose pid now belongs
 * to another process) does not count, so that a power cut never needs a hand to clean up.
 */
import { linkSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDir, readIfThere } from './files.mjs';
import { identityOf, isAlive, sleep } from './processes.mjs';

/** @typedef {import('./processes.mjs').Identity} Identity */
/** @typedef {Identity & { parent?: Identity }} Holder */
/** @typedef {{ release(): void, recovered?: Holder }} Lock */

/** @param {string | undefined} text @returns {Holder | undefined} */
function parse(text) {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

/** Whether the holder ends soon by itself: it ends when the command that started it is gone. @param {Holder} holder */
const isOrphan = (holder) => holder.parent !== undefined && !isAlive(holder.parent);

/**
 * @param {string} path
 * @param {{ parent?: Identity, waitMs?: number }} [options] parent: whose end also ends this holder;
 *   waitMs: how long to wait for a living holder that is not ending (0: refuse at once)
 * @returns {Promise<{ lock: Lock } | { holder: Holder }>}
 */
export async function takeLock(path, options = {}) {
  makeDir(dirname(path));
  const mine = JSON.stringify({ ...identityOf(process.pid), parent: options.parent });
  const started = Date.now();
  /** @type {Holder | undefined} */
  let recovered;
  for (;;) {
    if (create(path, mine)) {
      // Two starters may have recovered one stale lock in the same instant; the later look tells who has it.
      if (recovered) await sleep(50);
      if (readIfThere(path) === mine) return { lock: { release: () => release(path, mine), recovered } };
      continue;
    }
    const text = readIfThere(path);
    if (text === undefined) continue;
    const holder = parse(text);
    if (holder && isAlive(holder)) {
      const patience = isOrphan(holder) ? 45_000 : (options.waitMs ?? 0);
      if (Date.now() - started >= patience) return { holder };
      await sleep(100);
      continue;
    }
    // An empty file may be a lock that is being written at this moment; a stale one stays as it is.
    if (holder === undefined) await sleep(50);
    if (holder !== undefined || readIfThere(path) === text) {
      setAside(path, text);
      recovered = holder;
    }
  }
}

/** @param {string} path @param {string} text */
function create(path, text) {
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, text, { mode: 0o600 });
  try {
    linkSync(partial, path); // Atomic: the lock never exists without its content.
    return true;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code ?? '')) throw error;
    return createWithoutLinks(path, text);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** For file systems that have no hard links. @param {string} path @param {string} text */
function createWithoutLinks(path, text) {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** Moves exactly the stale lock away; one that another starter took meanwhile is put back. @param {string} path @param {string} stale */
function setAside(path, stale) {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    if (readIfThere(aside) !== stale) linkSync(aside, path);
  } catch {
    // Another starter was first; the loop looks again.
  } finally {
    rmSync(aside, { force: true });
  }
}

/** @param {string} path @param {string} mine */
function release(path, mine) {
  if (readIfThere(path) === mine) rmSync(path, { force: true });
}

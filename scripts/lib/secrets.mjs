/** The secrets of an embedded instance: made once, kept beside the data, readable by their owner only. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readIfThere, writeDurably } from './files.mjs';
import { LauncherError, keyLost } from './messages.mjs';

/** @param {string} path @param {() => string} make */
function keep(path, make) {
  const kept = readIfThere(path)?.trim();
  if (kept) return kept;
  const made = make();
  writeDurably(path, `${made}\n`);
  return made;
}

/** A password for one of the private servers; another user of this machine reaches their ports but not their data.
 * @param {string} dir @param {string} name */
export const passwordFor = (dir, name) => keep(join(dir, `${name}.password`), () => randomBytes(24).toString('hex'));

/** The operator's token of an embedded instance. @param {string} dir */
export const operatorToken = (dir) => keep(join(dir, 'operator.token'), () => randomBytes(24).toString('base64url'));

/**
 * The key that seals secrets in the embedded database. It is never made anew for a database that exists, since what
 * the old key sealed would be lost without a word.
 * @param {string} dir @param {string} database its data directory
 */
export function encryptionKey(dir, database) {
  const path = join(dir, 'encryption.key');
  if (!readIfThere(path)?.trim() && existsSync(database)) throw new LauncherError(keyLost(dir), { code: 'KEY_LOST' });
  return keep(path, () => randomBytes(32).toString('base64'));
}

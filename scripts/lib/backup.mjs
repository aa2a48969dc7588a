/**
 * A backup: one gzip file of SQL, whole or not there at all. What it says, in this order:
 *
 *     -- Parley backup 1, key 0123abcd           which ENCRYPTION_KEY belongs to it
 *     every table but one, as mysqldump writes them
 *     DELETE … 'epoch'                            a restored store is another life of it: clients are told so
 *     the table of migrations                     without it no node starts: so a restore that broke off is noticed
 *     -- End of the Parley backup                 without it the file is not whole
 */
import { createHmac } from 'node:crypto';
import { spawn } from 'node:child_process';
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { makeDir, syncDir } from './files.mjs';
import {
  LauncherError,
  backupExists,
  backupNotWritten,
  databaseInUse,
  databaseSilent,
  dumpFailed,
  noTablesYet,
  nothingChanged,
  otherKey,
  partialBackup,
  restoreBrokeOff,
  unreadableBackup,
} from './messages.mjs';

/** @typedef {import('./backup-place.mjs').Place} Place */
/** @typedef {import('./messages.mjs').Log} Log */

const HEADER = /^-- Parley backup 1, key ([0-9a-f]{8}|unknown)\n/;
const TRAILER = '-- End of the Parley backup\n';
const LAST_TABLE = 'migrations';
const TAIL = 200;
const PROGRESS_MS = 5000;

/** Tells keys apart without saying anything about them. @param {string | undefined} key */
const markOf = (key) => (key ? createHmac('sha256', key).update('parley backup').digest('hex').slice(0, 8) : 'unknown');

/** @param {Place} place @param {string} file @param {{ log: Log, signal: AbortSignal }} context */
export async function backUp(place, file, { log, signal }) {
  if (existsSync(file)) throw new LauncherError(backupExists(file), { code: 'FILE_EXISTS' });
  if (!(await tablesOf(place, signal)).includes(LAST_TABLE))
    throw new LauncherError(noTablesYet(place.name), { code: 'NOTHING_TO_BACK_UP' });
  const partial = `${file}.partial`;
  const began = Date.now();
  try {
    makeDir(dirname(file));
    const progress = telling(log, 'written');
    await pipeline(
      Readable.from(contents(place, signal)),
      progress,
      createGzip(),
      createWriteStream(partial, { mode: 0o600 }),
      { signal },
    );
    const fd = openSync(partial, 'r');
    fsyncSync(fd);
    closeSync(fd);
    renameSync(partial, file);
    syncDir(dirname(file));
  } catch (error) {
    discard(partial);
    throw signal.aborted ? error : aboutFile(error, file);
  }
  const megabytes = (statSync(file).size / 1e6).toFixed(1);
  log(`Backed up ${place.name} to ${file} (${megabytes} MB, ${Math.ceil((Date.now() - began) / 1000)} s).`);
}

/** @param {string} partial */
function discard(partial) {
  try {
    rmSync(partial, { force: true });
  } catch {
    // What keeps it from being removed kept it from being written, and that is told.
  }
}

/** The same error, in a sentence where it is the file system's: all that a backup writes is its file. @param {unknown} error @param {string} file */
function aboutFile(error, file) {
  if (error instanceof LauncherError || !(error instanceof Error)) return error;
  const { code, syscall } = /** @type {NodeJS.ErrnoException} */ (error);
  return code && syscall ? new LauncherError(backupNotWritten(file, code), { code }) : error;
}

/** @param {Place} place @param {AbortSignal} signal @returns {AsyncGenerator<Buffer | string>} */
async function* contents(place, signal) {
  const mysqlOnly = place.flavor === 'mysql' ? ['--set-gtid-purged=OFF', '--column-statistics=0'] : [];
  const how = ['--single-transaction', '--quick', '--skip-lock-tables', '--no-tablespaces', '--hex-blob', ...mysqlOnly];
  const utf8 = '--default-character-set=utf8mb4';
  yield `-- Parley backup 1, key ${markOf(place.key)}\n`;
  yield* dumped(place.dump([...how, utf8, `--ignore-table=${place.database}.${LAST_TABLE}`, place.database]), signal);
  yield `DELETE FROM store_state WHERE name = 'epoch';\n`;
  yield* dumped(place.dump([...how, utf8, place.database, LAST_TABLE]), signal);
  yield TRAILER;
}

/** What a dump says, as it says it. Throws unless it comes to its end. @param {import('./backup-place.mjs').Call} call @param {AbortSignal} signal */
async function* dumped({ command, args, env }, signal) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal });
  const ended = endOf(child);
  let tail = '';
  let first = true;
  for await (const chunk of child.stdout) {
    const bytes = /** @type {Buffer} */ (chunk);
    tail = (tail + bytes.subarray(-TAIL).toString('latin1')).slice(-TAIL);
    yield first ? withoutSandbox(bytes) : bytes;
    first = false;
  }
  const { code, said } = await ended;
  if (code !== 0 || !tail.includes('-- Dump completed'))
    throw new LauncherError(dumpFailed(command, said || `exit code ${code}`));
}

/** MariaDB's first line is for its own client alone; MySQL's would stop at it. @param {Buffer} bytes */
function withoutSandbox(bytes) {
  return bytes.subarray(0, 10).toString('latin1').startsWith('/*M!999999')
    ? bytes.subarray(bytes.indexOf(10) + 1)
    : bytes;
}

/**
 * Puts a backup in the place of whatever the database holds.
 * @param {Place} place @param {string} file
 * @param {{ log: Log, signal: AbortSignal, agreed: (tables: number) => Promise<boolean> }} context agreed: asks the person
 *   in front of it, where there is something to lose
 */
export async function restore(place, file, { log, signal, agreed }) {
  const mark = await check(file, signal);
  if (place.key && mark !== 'unknown' && mark !== markOf(place.key))
    throw new LauncherError(otherKey(file), { code: 'OTHER_KEY' });
  const others = Number(
    await ask(
      place,
      'SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND ID <> CONNECTION_ID()',
      signal,
    ),
  );
  if (others > 0) throw new LauncherError(databaseInUse(others, place.name), { code: 'IN_USE' });
  const tables = await tablesOf(place, signal);
  if (tables.length > 0 && !(await agreed(tables.length)))
    throw new LauncherError(nothingChanged, { code: 'NOT_AGREED' });

  const { command, args, env } = place.client(['--default-character-set=utf8mb4', '--batch', place.database]);
  const child = spawn(command, args, { env, stdio: ['pipe', 'ignore', 'pipe'], signal });
  const ended = endOf(child);
  const began = Date.now();
  // The client goes at the first statement that fails, and with it the pipe; why is in what it said.
  const fed = pipeline(Readable.from(statements(tables, file)), telling(log, 'read'), child.stdin, { signal }).catch(
    (error) => error,
  );
  const { code, said } = await ended;
  const failure = await fed;
  if (code !== 0 || failure instanceof Error)
    throw new LauncherError(restoreBrokeOff(command, said || failure?.message || `exit code ${code}`));
  log(`Restored ${place.name} from ${file} (${Math.ceil((Date.now() - began) / 1000)} s).`);
}

/** @param {string[]} tables those there now @param {string} file */
async function* statements(tables, file) {
  const order = [...tables].sort((a, b) => Number(b === LAST_TABLE) - Number(a === LAST_TABLE));
  yield 'SET FOREIGN_KEY_CHECKS = 0;\n';
  for (const table of order) yield `DROP TABLE IF EXISTS \`${table.replaceAll('`', '``')}\`;\n`;
  yield* createReadStream(file).pipe(createGunzip());
}

/** Reads the file to its end. @param {string} file @param {AbortSignal} signal @returns {Promise<string>} the mark of its key */
async function check(file, signal) {
  let head = '';
  let tail = '';
  try {
    await pipeline(
      createReadStream(file),
      createGunzip(),
      async (chunks) => {
        for await (const chunk of chunks) {
          if (head.length < TAIL) head += chunk.subarray(0, TAIL).toString('latin1');
          tail = (tail + chunk.subarray(-TAIL).toString('latin1')).slice(-TAIL);
        }
      },
      { signal },
    );
  } catch (error) {
    if (signal.aborted) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new LauncherError(unreadableBackup(file, why), { code: 'NOT_A_BACKUP' });
  }
  const mark = HEADER.exec(head)?.[1];
  if (mark === undefined || !tail.endsWith(TRAILER))
    throw new LauncherError(partialBackup(file), { code: 'NOT_A_BACKUP' });
  return mark;
}

/** @param {Place} place @param {AbortSignal} signal @returns {Promise<string[]>} */
const tablesOf = async (place, signal) =>
  (
    await ask(
      place,
      "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
      signal,
    )
  )
    .split('\n')
    .filter(Boolean);

/** @param {Place} place @param {string} sql @param {AbortSignal} signal @returns {Promise<string>} */
async function ask(place, sql, signal) {
  const { command, args, env } = place.client(['--batch', '--skip-column-names', `--execute=${sql}`, place.database]);
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], signal });
  let answer = '';
  child.stdout.on('data', (chunk) => (answer += chunk));
  const { code, said } = await endOf(child);
  if (code !== 0) throw new LauncherError(databaseSilent(place.name, command, said));
  return answer;
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<{ code: number | null, said: string }>} */
function endOf(child) {
  let said = '';
  child.stderr?.on('data', (chunk) => (said = (said + chunk).slice(-2000)));
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 127, said: error.message }));
    child.once('close', (code) => resolve({ code, said: said.trim() }));
  });
}

/** Says from time to time how far it has come. @param {Log} log @param {string} verb */
function telling(log, verb) {
  let bytes = 0;
  let next = Date.now() + PROGRESS_MS;
  return new Transform({
    transform(chunk, _, done) {
      bytes += chunk.length;
      if (Date.now() >= next) {
        next = Date.now() + PROGRESS_MS;
        log(`  ${Math.round(bytes / 1e6)} MB ${verb} …`);
      }
      done(null, chunk);
    },
  });
}

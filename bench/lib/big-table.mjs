/**
 * Two message tables and the conversations of each, as the product makes them, of 100,000 and of many rows, in a database server that is kept in the
 * benchmark's data folder. The small one is written by multi-row inserts; the large one is copies of the small one
 * (INSERT … SELECT with other conversations and senders), in the order of its key. Filled without flushing, then
 * measured by a durable server with the buffer pool of `npm start`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { startMariadb } from '../../scripts/lib/mariadb.mjs';

export const PER_CONVERSATION = 500;
const SMALL_CONVERSATIONS = 200;
export const SMALL_ROWS = PER_CONVERSATION * SMALL_CONVERSATIONS;
const ROWS_A_STATEMENT = 1000;

/**
 * @param {{ dir: string, ddl: string[], rows: number, binaries: import('../../scripts/lib/binaries.mjs').Binaries,
 *   guard: import('../../scripts/lib/guard.mjs').Guard, signal?: AbortSignal, say: (line: string) => void }} options
 *   ddl: the product's own CREATE TABLE of messages and of conversations; rows: of the large table, a multiple of SMALL_ROWS
 */
export async function openTables({ dir: parent, ddl, rows, binaries, guard, signal, say }) {
  const dir = join(parent, 'history');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const start = (/** @type {boolean} */ durable) =>
    startMariadb({
      dir,
      durable,
      binaries: binaries.database,
      mayCreateDatabases: true,
      signal,
      onSpawn: (identity) => guard.watch('history', identity),
    });
  const large = `large${rows / SMALL_ROWS}`;
  const filled = join(dir, `${large}.filled`);
  const wanted = createHash('sha256').update(ddl.join('\n')).digest('hex');
  if (!existsSync(filled) || readFileSync(filled, 'utf8') !== wanted) {
    rmSync(filled, { force: true });
    const server = await start(false);
    try {
      await fill({ url: server.url, ddl, large, copies: rows / SMALL_ROWS, say, signal });
    } finally {
      await server.stop();
    }
    writeFileSync(filled, wanted);
  }
  const server = await start(true);
  const at = (/** @type {string} */ database) => server.url.replace(/\/[^/]*$/, `/${database}`);
  return {
    small: { url: at('small'), conversations: SMALL_CONVERSATIONS },
    large: { url: at(large), conversations: rows / PER_CONVERSATION },
    async stop() {
      await server.stop();
      guard.forget('history');
    },
  };
}

/** @param {{ url: string, ddl: string[], large: string, copies: number, say: (line: string) => void, signal?: AbortSignal }} options */
async function fill({ url, ddl, large, copies, say, signal }) {
  const connection = await mysql.createConnection(url);
  try {
    await connection.query('SET SESSION unique_checks = 0');
    for (const database of ['small', large]) {
      await connection.query(`DROP DATABASE IF EXISTS ${database}`);
      await connection.query(`CREATE DATABASE ${database} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
      await connection.query(`USE ${database}`);
      for (const statement of ddl) await connection.query(statement);
    }
    await seed(connection);
    await conversations(connection, 'small', SMALL_CONVERSATIONS);
    await conversations(connection, large, SMALL_CONVERSATIONS * copies);
    const [columns] = await connection.query(
      "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'small' AND table_name = 'messages' ORDER BY ordinal_position",
    );
    const names = columns.map(({ name }) => `\`${name}\``);
    const moved = names.map((name) => (/conversationPk|senderPk/.test(name) ? `${name} + ?` : name));
    for (let copy = 0; copy < copies; copy++) {
      if (signal?.aborted) throw signal.reason;
      await connection.query(
        `INSERT INTO ${large}.messages (${names.join(', ')}) SELECT ${moved.join(', ')} FROM small.messages ORDER BY conversationPk, seq`,
        [copy * SMALL_CONVERSATIONS, copy * SMALL_CONVERSATIONS * 2],
      );
      if ((copy + 1) % 5 === 0 || copy + 1 === copies)
        say(
          `filling the large table, once: ${(((copy + 1) * SMALL_ROWS) / 1e6).toFixed(1)} of ${(copies * SMALL_ROWS) / 1e6} million rows`,
        );
    }
  } finally {
    await connection.end();
  }
}

/** The heads of so many logs. @param {import('mysql2/promise').Connection} connection @param {string} database @param {number} count */
async function conversations(connection, database, count) {
  for (let first = 1; first <= count; first += ROWS_A_STATEMENT) {
    const rows = Array.from({ length: Math.min(ROWS_A_STATEMENT, count - first + 1) }, (_, i) => {
      const pk = first + i;
      return [pk, 1, 1, pk * 2, pk * 2 + 1, PER_CONVERSATION, PER_CONVERSATION];
    });
    await connection.query(
      `INSERT INTO ${database}.conversations (id, appPk, kind, lowPk, highPk, maxSeq, countSeq) VALUES ?`,
      [rows],
    );
  }
}

/** 200 conversations of 500 messages. @param {import('mysql2/promise').Connection} connection */
async function seed(connection) {
  const fingerprint = Buffer.alloc(16, 1);
  const body = JSON.stringify({ text: 'history '.repeat(12) });
  let rows = [];
  for (let conversation = 1; conversation <= SMALL_CONVERSATIONS; conversation++) {
    for (let seq = 1; seq <= PER_CONVERSATION; seq++) {
      const sender = conversation * 2 + (seq % 2);
      const id = `history-${String(seq).padStart(9, '0')}`;
      rows.push([conversation, seq, 1, sender, id, fingerprint, 'text', body, seq, 0, new Date(1.7e12 + seq * 1000)]);
      if (rows.length < ROWS_A_STATEMENT) continue;
      await connection.query(
        `INSERT INTO small.messages (conversationPk, seq, appPk, senderPk, clientMessageId, fingerprint, type, body,
           countSeq, lowCount, sentAt) VALUES ?`,
        [rows],
      );
      rows = [];
    }
  }
}

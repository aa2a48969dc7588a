/** P11: a page of history out of 10 million rows against one out of 100,000, by the product's own reader and statement. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
import { openTables, PER_CONVERSATION, SMALL_ROWS } from '../lib/big-table.mjs';
import { interleave, medians, percentile, ratio } from '../lib/stats.mjs';

export const name = 'P11';
export const title = 'a page of history in a large table';

const LARGE = 10_000_000;
const QUICK = 1_000_000;
const HOT = 200;
const PAGES = 3000;
const RANDOM_PAGES = 2000;
const LIMIT = 20;
/** A page that takes long is measured, not given up. */
const TIMEOUT_MS = 60_000;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { quick, root } = context.options;
  const rows = quick ? QUICK : LARGE;
  const deployment = await context.deployment();
  const ddl = await createStatements(deployment.database.url);
  const tables = await openTables({ ...context.options, ddl, rows });
  const small = reader(root, tables.small.url);
  const large = reader(root, tables.large.url);
  /** As many conversations of each table, all over it. */
  const pages = async (
    /** @type {ReturnType<typeof reader>} */ { page },
    /** @type {number} */ conversations,
    /** @type {number} */ among,
    count = PAGES,
  ) => {
    const times = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const pk = 1 + Math.floor(Math.random() * among) * Math.floor(conversations / among);
      const before = LIMIT + 1 + Math.floor(Math.random() * (PER_CONVERSATION - LIMIT));
      const began = performance.now();
      const found = await page(pk, before);
      times[i] = performance.now() - began;
      if (found !== LIMIT) throw new Error(`a page has ${found} messages instead of ${LIMIT}`);
    }
    return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
  };
  try {
    const reference = () => pages(small, tables.small.conversations, HOT);
    const product = () => pages(large, tables.large.conversations, HOT);
    await reference();
    await product();
    const gauge = (/** @type {{ p50: number }} */ { p50 }) => p50;
    const { sets, discarded, trusted } = await interleave({
      reference,
      product,
      gauge,
      sets: context.sets,
      say: context.say,
    });
    const random = await pages(large, tables.large.conversations, tables.large.conversations, RANDOM_PAGES);
    const found = medians(sets, gauge);
    const details = {
      rows,
      'p50 ms': found.product,
      [`p50 ms of ${SMALL_ROWS} rows`]: found.reference,
      'random conversation: p50 ms': random.p50,
    };
    return [
      { id: 'P11', value: ratio(sets, gauge), details, discarded, trusted },
      { id: 'P11b', value: random.p99, details: {}, discarded: 0, trusted: true },
    ];
  } finally {
    await Promise.all([small.end(), large.end()]);
    await tables.stop();
  }
}

/** @param {string} url @returns {Promise<string[]>} how the product made its tables */
async function createStatements(url) {
  const connection = await mysql.createConnection(url);
  try {
    const statements = [];
    for (const table of ['messages', 'conversations']) {
      const [[row]] = await connection.query('SHOW CREATE TABLE ??', [table]);
      // Where its keys stand today is no part of a table's shape, and would have the large one filled again.
      statements.push(row['Create Table'].replace(/ AUTO_INCREMENT=\d+/, ''));
    }
    return statements;
  } finally {
    await connection.end();
  }
}

/** The product's reader on the product's pool, below any door. @param {string} root @param {string} url */
function reader(root, url) {
  const require = createRequire(join(root, 'dist', 'src', 'main.js'));
  const { ConversationHistory } = require('./modules/conversations/history');
  const { Sql } = require('./platform/database/sql');
  const sql = new Sql({ stores: { mysqlUrl: url, poolSize: 2, timeoutMs: TIMEOUT_MS } });
  const history = new ConversationHistory(sql, { names: { namesOf: async () => new Map() } }, undefined);
  return {
    page: async (/** @type {number} */ pk, /** @type {number} */ before) =>
      (await history.page({ pk, idPrefix: 'bench-' }, { from: 1 }, { before, limit: LIMIT })).length,
    end: () => sql.onApplicationShutdown(),
  };
}

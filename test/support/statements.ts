import type { PoolConnection } from 'mysql2/promise';
import type { Sql } from '../../src/platform/database/sql';

/** One transaction, as the database saw it. */
export interface WatchedTransaction {
  readonly statements: string[];
  /** Rows written, updates that changed nothing left out. */
  written: number;
  /** Rows and index entries that the database looked at. */
  read: number;
}

type Query = (text: string, values?: unknown) => Promise<[unknown, unknown]>;

/** Between statements that travel together (docs/adr/0013). */
const TOGETHER = ';\n';

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Looks over a node's shoulder: every statement it runs from now on, and what each transaction cost the database. */
export class Statements {
  readonly transactions: WatchedTransaction[] = [];
  /** Rows of the largest answer. */
  largest = 0;

  constructor({ pool }: Sql) {
    const getConnection = pool.getConnection.bind(pool);
    pool.getConnection = async () => this.watch(await getConnection());
    const query = pool.query.bind(pool) as unknown as Query;
    (pool as unknown as { query: Query }).query = (text, values) => this.measured(query(text, values));
  }

  forget(): void {
    this.transactions.length = 0;
    this.largest = 0;
  }

  /** The transaction with a statement like this, the only one since `forget`. */
  only(like: string): WatchedTransaction {
    const found = this.transactions.filter(({ statements }) => statements.some((text) => text.includes(like)));
    const [one] = found;
    if (!one || found.length > 1) throw new Error(`${found.length} transactions with "${like}"`);
    return one;
  }

  private watch(connection: PoolConnection): PoolConnection {
    const query = connection.query.bind(connection) as unknown as Query;
    let current: WatchedTransaction | undefined;
    (connection as unknown as { query: Query }).query = async (text, values) => {
      const trip = text.split(TOGETHER);
      if (trip[0] === 'START TRANSACTION') current = { statements: [], written: 0, read: -(await readsOf(query)) };
      const answer = await this.measured(query(text, values), trip.length);
      if (!current) return answer;
      const results = trip.length === 1 ? [answer[0]] : (answer[0] as unknown[]);
      for (const [index, statement] of trip.entries()) {
        if (statement === 'START TRANSACTION' || statement === 'COMMIT') continue;
        current.statements.push(plain(statement));
        current.written += (results[index] as { affectedRows?: number }).affectedRows ?? 0;
      }
      if (trip.at(-1) === 'COMMIT') {
        current.read += await readsOf(query);
        this.transactions.push(current);
        current = undefined;
      }
      return answer;
    };
    return connection;
  }

  private async measured(answer: Promise<[unknown, unknown]>, statements = 1): Promise<[unknown, unknown]> {
    const [result, fields] = await answer;
    for (const one of statements === 1 ? [result] : (result as unknown[])) {
      if (Array.isArray(one)) this.largest = Math.max(this.largest, one.length);
    }
    return [result, fields];
  }
}

async function readsOf(query: Query): Promise<number> {
  const [rows] = await query("SHOW SESSION STATUS LIKE 'Handler_read%'");
  return (rows as { Value: string }[]).reduce((sum, { Value }) => sum + Number(Value), 0);
}

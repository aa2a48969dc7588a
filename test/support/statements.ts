import type { PoolConnection } from 'mysql2';
import type { DatabasePool } from '../../src/platform/database/pool';
import type { Sql, SqlValue } from '../../src/platform/database/sql';

/** One transaction, as the database saw it. */
export interface WatchedTransaction {
  readonly statements: string[];
  /** Rows written, updates that changed nothing left out. */
  written: number;
  /** Rows and index entries that the database looked at. */
  read: number;
}

type Ask = DatabasePool['ask'];

/** Between statements that travel together (docs/adr/0013). */
const TOGETHER = ';\n';

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** Looks over a node's shoulder: every statement it runs from now on, and what each transaction cost the database. */
export class Statements {
  readonly transactions: WatchedTransaction[] = [];
  /** Rows of the largest answer. */
  largest = 0;

  /** The transaction under way on each connection. */
  private readonly current = new Map<PoolConnection, WatchedTransaction>();

  constructor(sql: Sql) {
    const { connections } = sql as unknown as { connections: DatabasePool };
    const ask = connections.ask.bind(connections);
    connections.ask = (connection, text, values) => this.watched(ask, connection, text, values);
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

  private async watched(ask: Ask, connection: PoolConnection, text: string, values: SqlValue[]): Promise<unknown> {
    const trip = text.split(TOGETHER);
    if (trip[0] === 'START TRANSACTION') {
      this.current.set(connection, { statements: [], written: 0, read: -(await readsOf(ask, connection)) });
    }
    const current = this.current.get(connection);
    const answer = await ask(connection, text, values);
    const results = trip.length === 1 ? [answer] : (answer as unknown[]);
    for (const [index, statement] of trip.entries()) {
      const result = results[index];
      if (Array.isArray(result)) this.largest = Math.max(this.largest, result.length);
      if (!current || statement === 'START TRANSACTION' || statement === 'COMMIT') continue;
      current.statements.push(plain(statement));
      current.written += (result as { affectedRows?: number }).affectedRows ?? 0;
    }
    if (current && ['COMMIT', 'ROLLBACK'].includes(trip[trip.length - 1])) {
      this.current.delete(connection);
      current.read += await readsOf(ask, connection);
      if (trip.at(-1) === 'COMMIT') this.transactions.push(current);
    }
    return answer;
  }
}

async function readsOf(ask: Ask, connection: PoolConnection): Promise<number> {
  const rows = (await ask(connection, "SHOW SESSION STATUS LIKE 'Handler_read%'", [])) as { Value: string }[];
  return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
}

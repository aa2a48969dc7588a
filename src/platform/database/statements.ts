import type { ResultSetHeader } from 'mysql2/promise';
import type { RowsText } from './rows-text';

export type Row = Record<string, unknown>;
/** A value a statement may carry; arrays only where the text says `IN (?)` or `VALUES ?`, RowsText only for the latter. */
export type SqlValue = string | number | bigint | boolean | Date | Buffer | null | RowsText | SqlValue[];

/** A transaction, or the pool itself. */
export interface SqlExecutor {
  rows<T = Row>(text: string, values?: SqlValue[]): Promise<T[]>;
  run(text: string, values?: SqlValue[]): Promise<ResultSetHeader>;
}

/** What is asked of a transaction in one turn travels in one round trip, and runs in that order. */
export interface SqlTransaction extends SqlExecutor {
  /**
   * A statement whose result nobody needs yet: it runs before whatever is asked next, COMMIT at the latest, and travels
   * with it. When it fails, so does that.
   */
  later(text: string, values?: SqlValue[]): LaterResult;
}

export interface LaterResult {
  /** Known once the statement has run. */
  readonly insertId?: number;
}

/**
 * Connections take several statements at once, which only Transaction joins. A statement's own text never has the
 * separator in it; values do as they like, for they are escaped.
 */
export function assertOneStatement(text: string): void {
  if (text.includes(';')) throw new Error(`more than one statement: ${text}`);
}

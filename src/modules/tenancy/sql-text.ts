import { ID_PATTERN } from '../../kernel/ids';
import type { SqlValue } from '../../platform/database/sql';

/** `a = ?, b = ?` of a row's part. The names are column names that our own code wrote, never a client's. */
export function assignments(part: { [column: string]: SqlValue | undefined }): { text: string; values: SqlValue[] } {
  const set = Object.entries(part).filter((entry): entry is [string, SqlValue] => entry[1] !== undefined);
  return { text: set.map(([column]) => `${column} = ?`).join(', '), values: set.map(([, value]) => value) };
}

/** Ids' columns are ASCII: comparing one with other text is an error of the database, not a mismatch. Ask this first. */
export const isId = (text: string): boolean => ID_PATTERN.test(text);

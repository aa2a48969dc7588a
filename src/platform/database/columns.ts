import type { ColumnOptions } from 'typeorm';

/** Column types used by every entity, so that the same thing has the same type everywhere. */

/** An internal key; stays far below 2^53, so a plain number. */
export const pk = (options: ColumnOptions = {}): ColumnOptions => ({ type: 'bigint', unsigned: true, ...options });
export const appPk = (options: ColumnOptions = {}): ColumnOptions => ({ type: 'int', unsigned: true, ...options });
export const uint = (options: ColumnOptions = {}): ColumnOptions => ({ type: 'int', unsigned: true, ...options });
/** Ids and names of machines: ASCII, compared byte by byte. */
export const ascii = (length: number, options: ColumnOptions = {}): ColumnOptions => ({
  type: 'varchar',
  length: String(length),
  charset: 'ascii',
  collation: 'ascii_bin',
  ...options,
});
/** UTC with milliseconds. */
export const instant = (options: ColumnOptions = {}): ColumnOptions => ({ type: 'datetime', precision: 3, ...options });
export const created = (): ColumnOptions => instant({ default: () => 'CURRENT_TIMESTAMP(3)' });
/** JSON kept as text: what was sent comes back in its own order (a JSON column reorders keys). */
export const jsonText = (options: ColumnOptions = {}): ColumnOptions => ({ type: 'mediumtext', ...options });

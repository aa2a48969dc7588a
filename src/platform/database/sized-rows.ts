import type { SqlExecutor, SqlValue } from './statements';

/** So much is read without asking first how much it is. */
const UNMEASURED_BYTES = 2 * 1024 * 1024;

/** Rows in order of which a page is to be read, and how long they can be. */
export interface SizedRows {
  readonly columns: string;
  /** `FROM … WHERE … ORDER BY …`, without the limit. */
  readonly range: string;
  readonly values: readonly SqlValue[];
  /** SQL for what a row weighs: the columns that may be long. */
  readonly bytes: string;
  /** What a row weighs at most. */
  readonly rowBytesMax: number;
}

export interface ReadRows<Row> {
  readonly rows: Row[];
  /** Whether there are more, which were left out for their size. */
  readonly cut: boolean;
}

/**
 * At most `limit` rows, and no many more bytes than a page takes: the lengths of long ones are asked for first. The row at
 * which the bytes are used up is among them, so that a page is full.
 */
export async function rowsWithin<Row>(
  executor: SqlExecutor,
  { columns, range, values, bytes, rowBytesMax }: SizedRows,
  limit: number,
  maxBytes: number,
): Promise<ReadRows<Row>> {
  const read = (count: number): Promise<Row[]> =>
    executor.rows<Row>(`SELECT ${columns} ${range} LIMIT ?`, [...values, count]);
  if (limit * rowBytesMax <= UNMEASURED_BYTES) return { rows: await read(limit), cut: false };
  const lengths = await executor.rows<{ bytes: number }>(`SELECT ${bytes} AS bytes ${range} LIMIT ?`, [
    ...values,
    limit,
  ]);
  const count = countWithin(
    maxBytes,
    lengths.map((row) => row.bytes),
  );
  if (count === 0) return { rows: [], cut: false };
  return { rows: await read(count), cut: count < lengths.length };
}

/** How many of these go into `maxBytes`, and the one with which they do not any more. */
export function countWithin(maxBytes: number, lengths: readonly number[]): number {
  let bytes = 0;
  const beyond = lengths.findIndex((length) => (bytes += length) > maxBytes);
  return beyond < 0 ? lengths.length : beyond + 1;
}

const FOR_EVER_YEAR = 9999;

/** How long something is to hold from now on, in seconds; `no`: it holds no longer. */
export type Lasting = number | 'for-ever' | 'no';

/** The end of something that ends in the year 9999 when it has no end: ISO 8601, or null for ever. */
export const untilOf = (time: Date | null): string | null =>
  !time || time.getUTCFullYear() === FOR_EVER_YEAR ? null : time.toISOString();

/** What writes such an end, by the database's clock: an expression and its values. */
export function untilSql(lasting: Lasting): [sql: string, ...values: number[]] {
  if (lasting === 'no') return ['NULL'];
  if (lasting === 'for-ever') return [`'${FOR_EVER_YEAR}-12-31 23:59:59'`];
  return ['DATE_ADD(NOW(3), INTERVAL ? SECOND)', lasting];
}

import type { SqlValue } from './sql';

/** An expression and its values. */
export type Computed = [sql: string, ...values: SqlValue[]];

/**
 * `a = ?, b = ?` of a row's part; what is undefined stays as it is. `computed` are columns that the database works out.
 * Names are columns, known to our own code or to a DTO; text that is no name never becomes SQL.
 */
export function assignments(
  part: { readonly [column: string]: SqlValue | undefined },
  computed: { readonly [column: string]: Computed } = {},
): { text: string; values: SqlValue[] } {
  const given = Object.entries(part).filter((entry): entry is [string, SqlValue] => entry[1] !== undefined);
  const set = [
    ...given.map(([column, value]): [string, Computed] => [column, ['?', value]]),
    ...Object.entries(computed),
  ];
  const odd = set.find(([column]) => !/^\w+$/.test(column));
  if (odd) throw new Error(`${odd[0]} is no column`);
  return {
    text: set.map(([column, [sql]]) => `${column} = ${sql}`).join(', '),
    values: set.flatMap(([, [, ...values]]) => values),
  };
}

/**
 * A table `d` of pairs of keys, `d.a` and `d.b`, to join with; its one value is `pairsValue(…)`. For `(x, y) IN ((1, 2), …)`
 * MariaDB takes a time that grows with the square of the list: 17 ms for 250 pairs, where this takes 0.8.
 */
export const PAIRS = `JSON_TABLE(?, '$[*]' COLUMNS (a BIGINT UNSIGNED PATH '$[0]', b BIGINT UNSIGNED PATH '$[1]')) d`;

/** Each pair once, however often it is named. */
export const pairsValue = (pairs: readonly (readonly [a: number, b: number])[]): string =>
  `[${[...new Set(pairs.map(([a, b]) => `[${a},${b}]`))].join()}]`;

/** Values of a row, in the order of its columns. */
export type RowValue = string | number | null;

/**
 * The rows of a large INSERT as the text that goes after VALUES, for a statement's `?`. The SQL client escapes what a reader of
 * logs would stumble over as well, value by value; the database asks for backslash and quote alone, which most texts do
 * not have (JSON has many of the others).
 */
export class RowsText {
  private readonly text: string;

  /** @param rows at least one, all with the same columns */
  constructor(rows: readonly (readonly RowValue[])[]) {
    let text = '';
    for (const row of rows) {
      text += text === '' ? '(' : '),(';
      for (let i = 0; i < row.length; i++) text += i === 0 ? literal(row[i]) : `,${literal(row[i])}`;
    }
    this.text = `${text})`;
  }

  /** What the SQL client puts in place of the `?`, as it is. */
  toSqlString(): string {
    return this.text;
  }
}

const SPECIAL = /[\\']/;
const ALL_SPECIAL = /[\\']/g;

/** Sessions drop NO_BACKSLASH_ESCAPES (sql.ts), and their charset has no character with one of the two inside. */
function literal(value: RowValue): string {
  if (typeof value === 'string') return SPECIAL.test(value) ? `'${value.replace(ALL_SPECIAL, '\\$&')}'` : `'${value}'`;
  return value === null ? 'NULL' : String(value);
}

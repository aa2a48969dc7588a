import { invalid, type AppError } from '../../kernel/errors/app-error';

type Kinds = { number: number; string: string };
type Kind = keyof Kinds;
type KeyOf<K extends readonly Kind[]> = { -readonly [I in keyof K]: Kinds[K[I]] };

/** Whatever a list is sorted by is ASCII; the database would refuse to compare anything else with it. */
const TEXT = /^[ -~]*$/;

/** What a client is told whose cursor this list never wrote. */
export const notACursor = (field = 'cursor'): AppError =>
  invalid(field, 'This is not a cursor of this list; leave it out to begin at the first page.');

/** The place where a list goes on: the sort key of the last item shown, opaque to the client. */
export const writeCursor = (...key: (number | string)[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

/**
 * The key behind a cursor, checked part by part: `readCursor(query.cursor, 'number', 'string')` is `[number, string]`,
 * or undefined on the first page. Throws INVALID_REQUEST (field `cursor`) for anything that `writeCursor` did not make.
 * A cursor proves nothing: the query must still be scoped to the tenant.
 */
export const readCursor = <const K extends readonly Kind[]>(
  cursor: string | undefined,
  ...kinds: K
): KeyOf<K> | undefined => readPlace('cursor', cursor, kinds);

/** The same where the field has another name. */
export function readPlace<const K extends readonly Kind[]>(
  field: string,
  cursor: string | undefined,
  kinds: K,
): KeyOf<K> | undefined {
  if (cursor === undefined) return undefined;
  const key = parsed(cursor);
  const fits =
    Array.isArray(key) &&
    key.length === kinds.length &&
    key.every(
      (part, index) =>
        typeof part === kinds[index] && (typeof part === 'string' ? TEXT.test(part) : Number.isSafeInteger(part)),
    );
  if (!fits) throw notACursor(field);
  return key as KeyOf<K>;
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

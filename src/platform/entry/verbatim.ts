import 'reflect-metadata';
import { invalid } from '../../kernel/errors/app-error';
import { JsonText } from '../../kernel/json-text';
import { STRUCTURAL_TOKENS } from '../../kernel/json-tokens';
import { CLOSE, CLOSE_LIST, COLON, COMMA, endOfString, OPEN, OPEN_LIST, QUOTE } from './json-scan';

const VERBATIM = 'parley:verbatim';

/** Marks a field of free JSON: the use case gets the very text that arrived, as a JsonText. */
export const Verbatim = (): PropertyDecorator => (target, name) => {
  const fields = (Reflect.getMetadata(VERBATIM, target) as string[] | undefined) ?? [];
  Reflect.defineMetadata(VERBATIM, [...fields, String(name)], target);
};

export const verbatimFields = (shape: new () => object): readonly string[] =>
  (Reflect.getMetadata(VERBATIM, shape.prototype as object) as string[] | undefined) ?? [];

/**
 * Puts the texts of these fields in the place of their values.
 *
 * @param source the text that `value` was read from, alone or as the first object in it. Absent for what was made here
 * @throws AppError INVALID_REQUEST naming a field that one object has twice: two readers would read two messages
 */
export function keepTexts(value: object, fields: readonly string[], source?: string): void {
  const values = value as Record<string, unknown>;
  if (source === undefined) {
    for (const field of fields) {
      if (values[field] !== undefined) values[field] = new JsonText(JSON.stringify(values[field]), values[field]);
    }
    return;
  }
  const texts = new Array<string | undefined>(fields.length);
  if (scan(source, fields, texts) !== keysIn(value)) throw duplicateKey(source);
  fields.forEach((field, index) => {
    const text = texts[index];
    if (text !== undefined) values[field] = new JsonText(text, values[field]);
  });
}

/**
 * Finds the texts of some fields of the first object in valid JSON. Only what stands outside of strings is looked at
 * character by character.
 *
 * @returns the number of keys of all its objects: more than the parsed object has where one has a duplicate key
 */
function scan(source: string, fields: readonly string[], texts: (string | undefined)[]): number {
  let keys = 0;
  let depth = 0;
  /** The string read last, and the field whose value is being read with its beginning. */
  let from = 0;
  let to = 0;
  let field = -1;
  let start = 0;
  for (let at = source.indexOf('{'); at < source.length; at++) {
    switch (source.charCodeAt(at)) {
      case QUOTE:
        from = at + 1;
        to = at = endOfString(source, from);
        break;
      case COLON:
        keys++;
        if (depth !== 1) break;
        field = fields.indexOf(keyOf(source.slice(from, to)));
        start = at + 1;
        break;
      case OPEN:
      case OPEN_LIST:
        depth++;
        break;
      case COMMA:
        if (depth === 1 && field >= 0) texts[field] = source.slice(start, at).trim();
        break;
      case CLOSE:
      case CLOSE_LIST:
        if (--depth > 0) break;
        if (field >= 0) texts[field] = source.slice(start, at).trim();
        return keys;
    }
  }
  return keys;
}

const keyOf = (text: string): string => (text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text);

/** No deeper than a door lets in (plain-json.ts). */
function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let keys = 0;
  if (Array.isArray(value)) for (const item of value) keys += keysIn(item);
  else {
    const values = value as Record<string, unknown>;
    for (const key in values) keys += 1 + keysIn(values[key]);
  }
  return keys;
}

/** Says which key it was. Only for a refusal: it reads everything once more. */
function duplicateKey(source: string) {
  const open: { keys?: Set<string>; at: string | number }[] = [];
  let last = '';
  for (const [token] of source.slice(source.indexOf('{')).matchAll(STRUCTURAL_TOKENS)) {
    const inner = open.at(-1);
    if (token === '{') open.push({ keys: new Set(), at: '' });
    else if (token === '[') open.push({ at: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':' && inner?.keys) {
      inner.at = keyOf(last.slice(1, -1));
      if (inner.keys.has(inner.at)) break;
      inner.keys.add(inner.at);
    } else if (token === ',' && typeof inner?.at === 'number') inner.at++;
    else last = token;
  }
  const path = open.map(({ at }, depth) => (typeof at === 'number' ? `[${at}]` : depth === 0 ? at : `.${at}`)).join('');
  return invalid(path.slice(0, 256), 'Given more than once in one object.');
}

import { randomUUID } from 'node:crypto';
import { STRUCTURAL_TOKENS } from './json-tokens';

/**
 * JSON that stays the text it came as or was written as once: parsing it to write it again would change big numbers,
 * `1.0`, the order of names, and cost time (docs/adr/0020). Wherever it stands in an answer, `textOf` puts its text.
 * `T` is what the text says.
 */
export class JsonText<T = unknown> {
  constructor(
    readonly text: string,
    private parsed?: T,
  ) {}

  /** What the text says, as far as JavaScript can hold it: to be looked at, never to be written. */
  get value(): T {
    return (this.parsed ??= JSON.parse(this.text) as T);
  }

  toJSON(): unknown {
    return places ? place(places, this.text) : this.value;
  }
}

/** What a door takes where it promises a `T`: the whole of it, or any part, may be JSON text already. */
export type Answer<T> = T | JsonText<T> | { [Name in keyof T]: Answer<T[Name]> };

/** The texts that `textOf` puts in when it has written what is around them; only while it does. */
let places: string[] | undefined;
/** Nobody can guess it, so no string of a client's passes for a place. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}:(\\d+)"`, 'g');

function place(texts: string[], text: string): string {
  return `${MARK}:${texts.push(text) - 1}`;
}

/** The members of an object's text: their names, and the texts of their values as they are. Undefined for no object. */
export function membersOf(text: string): [name: string, valueText: string][] | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const members: [string, string][] = [];
  let depth = 0;
  let last = '';
  let name: string | undefined;
  let start = 0;
  const end = (at: number): void => {
    if (name !== undefined) members.push([name, text.slice(start, at).trim()]);
    name = undefined;
  };
  for (const { 0: token, index } of text.matchAll(STRUCTURAL_TOKENS)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') {
      if (--depth === 0) end(index);
    } else if (depth > 1) continue;
    else if (token === ',') end(index);
    else if (token === ':') {
      name = JSON.parse(last) as string;
      start = index + 1;
    } else last = token;
  }
  return members;
}

/** The JSON text of an answer, with every JsonText in it as it is. */
export function textOf(value: unknown): string {
  if (value instanceof JsonText) return value.text;
  const texts: string[] = (places = []);
  try {
    const around = JSON.stringify(value);
    return texts.length === 0 ? around : around.replace(MARKED, (_, index: string) => texts[Number(index)]);
  } finally {
    places = undefined;
  }
}

/** The characters that JSON consists of outside of its strings, numbers and words. */
export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_LIST = 0x5b;
export const CLOSE_LIST = 0x5d;
export const OPEN = 0x7b;
export const CLOSE = 0x7d;
const BACKSLASH = 0x5c;

/** Where the string of valid JSON ends that begins at `from`. */
export function endOfString(source: string, from: number): number {
  const at = source.indexOf('"', from);
  return source.charCodeAt(at - 1) === BACKSLASH ? endOfEscaped(source, from) : at;
}

function endOfEscaped(source: string, from: number): number {
  for (let at = from; ; at++) {
    const character = source.charCodeAt(at);
    if (character === QUOTE) return at;
    // Whatever it escapes, a quote or another one of itself, ends nothing.
    if (character === BACKSLASH) at++;
  }
}

/** How deep valid JSON is nested, and a bound for how many values all its lists and objects have: names given twice count twice. */
export function measureJson(source: string): { depth: number; values: number } {
  let depth = 0;
  let deepest = 0;
  let values = 1;
  for (let at = 0; at < source.length; at++) {
    switch (source.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(source, at + 1);
        break;
      case COMMA:
        values++;
        break;
      case OPEN:
      case OPEN_LIST:
        values++;
        if (++depth > deepest) deepest = depth;
        break;
      case CLOSE:
      case CLOSE_LIST:
        depth--;
        break;
    }
  }
  return { depth: deepest, values };
}

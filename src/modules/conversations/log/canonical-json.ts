import { ALL_TOKENS } from '../../../kernel/json-tokens';

/**
 * One text for all texts that say the same JSON value: white space, the order of names, escapes and the notation of
 * numbers do not count, `1.0` is `1` and `-0` is `0`. Numbers of any size are exact: what parsing rounds to one number stays
 * two. For valid JSON of the depth that a door lets in.
 */
export function canonicalJson(text: string): string {
  const tokens = text.match(ALL_TOKENS) ?? [];
  let at = 0;
  const value = (): string => {
    const token = tokens[at++] ?? '';
    if (token === '{') return object();
    if (token === '[') return list();
    if (token.startsWith('"')) return canonicalString(token);
    return NUMBER.test(token) ? canonicalNumber(token) : token;
  };
  const object = (): string => {
    const entries: string[] = [];
    while (tokens[at] !== '}') {
      if (tokens[at] === ',') at++;
      const name = canonicalString(tokens[at] ?? '');
      at += 2;
      entries.push(`${name}:${value()}`);
    }
    at++;
    // A name ends with a quote that no name contains bare, so entries sort by their names.
    return `{${entries.sort().join(',')}}`;
  };
  const list = (): string => {
    const items: string[] = [];
    while (tokens[at] !== ']') {
      if (tokens[at] === ',') at++;
      items.push(value());
    }
    at++;
    return `[${items.join(',')}]`;
  };
  return value();
}

const NUMBER = /^-?\d/;
/** An integer without zeros at either end: most numbers. */
const SIGNIFICANT = /^-?[1-9](?:\d*[1-9])?$/;

/** Without an escape a string has one way to be written. */
const canonicalString = (token: string): string => (token.includes('\\') ? JSON.stringify(JSON.parse(token)) : token);

/** Digits without zeros at either end, and the power of ten that they are multiplied by. */
function canonicalNumber(token: string): string {
  if (SIGNIFICANT.test(token)) return `${token}e0`;
  const sign = token.startsWith('-') ? '-' : '';
  const [mantissa = '', exponent = '0'] = token.slice(sign.length).toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${sign}${significant}e${power}`;
}

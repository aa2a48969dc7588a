const REASON_LENGTH_MAX = 200;

/** A vendor's or a network's own word, fit to be stored and shown: printable, bounded, never empty. */
export function told(...words: unknown[]): string {
  const text = words
    .filter((word) => typeof word === 'string' || typeof word === 'number')
    .join(' ')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .trim();
  return text === '' ? 'no reason given' : text.slice(0, REASON_LENGTH_MAX);
}

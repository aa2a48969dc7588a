const ELLIPSIS = '…';
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Bytes of the text inside a JSON document, without its quotes. */
const jsonBytes = (text: string): number => Buffer.byteLength(JSON.stringify(text)) - 2;

/**
 * Without what would break a line of a lock screen or make it read as something else: control characters, and marks that
 * turn the direction of what follows. Half a surrogate pair, which no vendor's JSON takes, becomes U+FFFD.
 */
export const printable = (text: string): string =>
  text
    .replace(/\p{Cs}/gu, '\ufffd')
    .replace(/[\u202a-\u202e\u2066-\u2069]|(?!\n)\p{Cc}/gu, ' ')
    .trim();

/** At most so many bytes of JSON, cut between two characters as people see them, with an ellipsis. */
export function cut(text: string, bytesMax: number): string {
  // Whatever is kept lies in the first `bytesMax` code units.
  const start = text.length > bytesMax ? text.slice(0, bytesMax) : text;
  if (start.length === text.length && jsonBytes(text) <= bytesMax) return text;
  const room = bytesMax - Buffer.byteLength(ELLIPSIS);
  const kept = prefix(segmentsOf(start), room);
  // One "character" of a thousand marks: better a part of it than nothing.
  return `${(kept === '' ? prefix(start, room) : kept).trimEnd()}${ELLIPSIS}`;
}

function prefix(parts: Iterable<string>, bytesMax: number): string {
  let kept = '';
  let bytes = 0;
  for (const part of parts) {
    bytes += jsonBytes(part);
    if (bytes > bytesMax) break;
    kept += part;
  }
  return kept;
}

function* segmentsOf(text: string): Iterable<string> {
  for (const { segment } of graphemes.segment(text)) yield segment;
}

import { createHash } from 'node:crypto';
import { OURS, type PushNote } from '../provider';

/** Apple's limit; the others take as much. */
const COLLAPSE_BYTES_MAX = 64;

/** What replaces what on the screen, in a length that every vendor takes. */
export const collapseKey = ({ collapseId }: PushNote): string =>
  Buffer.byteLength(collapseId) <= COLLAPSE_BYTES_MAX
    ? collapseId
    : createHash('sha256').update(collapseId).digest('hex');

/** Seconds that the note is still wanted for, at least none. */
export const secondsLeft = ({ expiresAt }: PushNote, now = Date.now()): number =>
  Math.max(0, Math.floor((expiresAt.getTime() - now) / 1000));

/** Characters, as people see them, that words are not cut below while anything else can be left out. */
const BODY_LEAST = 40;
const TITLE_LEAST = 20;
/** The longest that means one thing: a family of emoji, each with a skin tone. */
const GRAPHEME_MAX = 64;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/**
 * The note as it fits a vendor's limit, whatever escaping makes of it: the body is cut first, then the title, each between
 * two characters as people see them, with an ellipsis; then data of the app's own is left out, the longest first. What
 * tells a client which message it is stays. Returned as it is when it fits.
 *
 * @param bytesOf the bytes that would be sent
 */
export function fitted(given: PushNote, bytesMax: number, bytesOf: (note: PushNote) => number): PushNote {
  const note = wellFormed(given);
  const fits = (candidate: PushNote): boolean => bytesOf(candidate) <= bytesMax;
  if (fits(note)) return note;
  const [titles, bodies] = [new Shortened(note.title ?? ''), new Shortened(note.body)];
  const made = (data: PushNote['data'], title: number, body: number): PushNote => ({
    ...note,
    data,
    ...(note.title !== undefined && { title: titles.of(title) }),
    body: bodies.of(body),
  });
  const least = [Math.min(TITLE_LEAST, titles.length), Math.min(BODY_LEAST, bodies.length)] as const;
  let data: PushNote['data'] = note.data;
  for (const name of longestFirst(data)) {
    if (fits(made(data, ...least))) break;
    data = without(data, name);
  }
  const title = longest(titles.length, (length) => fits(made(data, length, least[1])));
  const body = longest(bodies.length, (length) => fits(made(data, title, length)));
  return made(data, title, body);
}

const LONE = /\p{Cs}/gu;
const ANY_HALF = /[\ud800-\udfff]/;

/** Nearly all notes are told from their letters alone; emoji have two halves each, and are looked at closely. */
function isWellFormed({ title, body, data }: PushNote): boolean {
  // Joined with what is in none of them, or two halves would make a whole.
  const all = `${title ?? ''} ${body} ${Object.entries(data).flat().join(' ')}`;
  return !ANY_HALF.test(all) || all.search(LONE) < 0;
}

/** Half a surrogate pair, which no vendor's JSON takes, becomes U+FFFD. */
function wellFormed(note: PushNote): PushNote {
  if (isWellFormed(note)) return note;
  const whole = (text: string): string => text.replace(LONE, '\ufffd');
  return {
    ...note,
    ...(note.title !== undefined && { title: whole(note.title) }),
    body: whole(note.body),
    data: Object.fromEntries(Object.entries(note.data).map(([name, value]) => [whole(name), whole(value)])),
  };
}

const longestFirst = (data: PushNote['data']): string[] =>
  Object.keys(data)
    .filter((name) => !(OURS as readonly string[]).includes(name))
    .sort((a, b) => sizeOf(data, b) - sizeOf(data, a));

function without(data: PushNote['data'], name: string): PushNote['data'] {
  const { [name]: _, ...others } = data;
  return others;
}

const sizeOf = (data: PushNote['data'], name: string): number => JSON.stringify([name, data[name]]).length;

/** The largest length up to `max` that fits; none where not even one does. */
function longest(max: number, fits: (length: number) => boolean): number {
  if (fits(max)) return max;
  let [under, over] = [0, max];
  while (over - under > 1) {
    const middle = (under + over) >> 1;
    if (fits(middle)) under = middle;
    else over = middle;
  }
  return under;
}

/** A text and its beginnings. */
class Shortened {
  private readonly characters: string[];
  readonly length: number;

  constructor(private readonly text: string) {
    const seen = Array.from(graphemes.segment(text), ({ segment }) => segment);
    // One "character" of a thousand marks: better a part of it than nothing.
    this.characters = seen.some((each) => each.length > GRAPHEME_MAX) ? [...text] : seen;
    this.length = this.characters.length;
  }

  of(length: number): string {
    return length >= this.length ? this.text : `${this.characters.slice(0, length).join('').trimEnd()}…`;
  }
}

import { createHash } from 'node:crypto';
import type { PushNote } from '../provider';

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

/**
 * The note with its words cut, an ellipsis at the end, so that what `bytesOf` measures fits the vendor's limit. Returned as
 * it is when it fits, and also when cutting words does not help: then the vendor refuses it and says so.
 */
export function fitted(note: PushNote, bytesMax: number, bytesOf: (note: PushNote) => number): PushNote {
  if (bytesOf(note) <= bytesMax) return note;
  const letters = [...note.body];
  let [fits, over] = [0, letters.length];
  const cut = (length: number): PushNote => ({ ...note, body: `${letters.slice(0, length).join('')}…` });
  if (bytesOf(cut(0)) > bytesMax) return note;
  while (over - fits > 1) {
    const middle = (fits + over) >> 1;
    if (bytesOf(cut(middle)) <= bytesMax) fits = middle;
    else over = middle;
  }
  return cut(fits);
}

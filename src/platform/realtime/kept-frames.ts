/** Long enough to notice that somebody is cut off, and to be told of it. */
const KEPT_MS = 5000;
const KEPT_CHARS_MAX = 1024 * 1024;

interface Kept {
  readonly target: string;
  readonly n: number;
  readonly frames: readonly string[];
  readonly chars: number;
  readonly at: number;
}

/**
 * What this node said on the bus within the last seconds, without what the log can give again: should it turn out that
 * somebody could not hear it, it goes into a letter.
 */
export class KeptFrames {
  private kept: Kept[] = [];
  private chars = 0;
  /** By channel, the last batch that is kept no more. */
  private readonly gone = new Map<string, number>();

  /** Frames of one batch, as JSON texts. */
  add(target: string, n: number, frames: readonly string[], now: number): void {
    const chars = frames.reduce((sum, { length }) => sum + length, 0);
    this.kept.push({ target, n, frames, chars, at: now });
    this.chars += chars;
    if (this.chars > KEPT_CHARS_MAX) this.dropWhile(() => this.chars > KEPT_CHARS_MAX);
  }

  expire(now: number): void {
    this.dropWhile(({ at }) => now - at > KEPT_MS);
  }

  /** The text of a letter (`Letter`) with all that is kept; `numbers` are the last ones of the channels it is about. */
  take(numbers: ReadonlyMap<string, number>): string {
    const covers: Record<string, [number, number]> = {};
    for (const [target, upTo] of numbers) covers[target] = [this.gone.get(target) ?? 0, upTo];
    const batches = this.kept.map(({ target, n, frames }) => `["${target}",${n},[${frames.join()}]]`);
    for (const { target, n } of this.kept) this.gone.set(target, n);
    this.kept = [];
    this.chars = 0;
    return `{"covers":${JSON.stringify(covers)},"batches":[${batches.join()}]}`;
  }

  private dropWhile(holds: (oldest: Kept) => boolean): void {
    let count = 0;
    for (let oldest = this.kept[0]; oldest && holds(oldest); oldest = this.kept[++count]) {
      this.chars -= oldest.chars;
      this.gone.set(oldest.target, oldest.n);
    }
    if (count > 0) this.kept.splice(0, count);
  }
}

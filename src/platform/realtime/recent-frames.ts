/** Long enough to notice that a node is cut off, and to be told of it. */
const KEPT_MS = 5000;
const KEPT_CHARS_MAX = 1024 * 1024;

interface RecentBatch {
  readonly target: string;
  readonly n: number;
  readonly frames: readonly string[];
  readonly chars: number;
  readonly at: number;
}

/**
 * What this node sent on the bus within the last seconds, without what the log can give again: should a node turn out to be
 * cut off, it is written into the database (docs/adr/0025).
 */
export class RecentFrames {
  private recent: RecentBatch[] = [];
  private chars = 0;
  /** By channel, the last batch that is kept no more. */
  private readonly gone = new Map<string, number>();

  /** Frames of one batch, as JSON texts. */
  add(target: string, n: number, frames: readonly string[], now: number): void {
    const chars = frames.reduce((sum, { length }) => sum + length, 0);
    this.recent.push({ target, n, frames, chars, at: now });
    this.chars += chars;
    if (this.chars > KEPT_CHARS_MAX) this.dropWhile(() => this.chars > KEPT_CHARS_MAX);
  }

  expire(now: number): void {
    this.dropWhile(({ at }) => now - at > KEPT_MS);
  }

  /**
   * Takes all that is kept.
   *
   * @param numbers the last numbers of the channels that it is about
   * @returns JSON of a `FallbackBatch`
   */
  take(numbers: ReadonlyMap<string, number>): string {
    const covers: Record<string, [number, number]> = {};
    for (const [target, upTo] of numbers) covers[target] = [this.gone.get(target) ?? 0, upTo];
    const batches = this.recent.map(({ target, n, frames }) => `["${target}",${n},[${frames.join()}]]`);
    for (const { target, n } of this.recent) this.gone.set(target, n);
    this.recent = [];
    this.chars = 0;
    return `{"covers":${JSON.stringify(covers)},"batches":[${batches.join()}]}`;
  }

  private dropWhile(holds: (oldest: RecentBatch) => boolean): void {
    let count = 0;
    for (let oldest = this.recent[0]; oldest && holds(oldest); oldest = this.recent[++count]) {
      this.chars -= oldest.chars;
      this.gone.set(oldest.target, oldest.n);
    }
    if (count > 0) this.recent.splice(0, count);
  }
}

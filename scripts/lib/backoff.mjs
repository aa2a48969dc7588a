/** How long to wait before something that keeps failing is started again: at once, then longer each time. */
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** What ran this long has recovered. */
const HELD_MS = 60_000;

export class Backoff {
  #failures = 0;
  #begun = 0;

  /** It starts now. */
  begin() {
    this.#begun = performance.now();
  }

  /** It has failed. @returns {number} milliseconds to wait before the next start */
  next() {
    if (performance.now() - this.#begun > HELD_MS) this.#failures = 0;
    const waitMs = this.#failures === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (this.#failures - 1));
    this.#failures++;
    return waitMs;
  }
}

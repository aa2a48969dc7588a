/** Latencies since the last look, in milliseconds; memory is bounded, and beyond the bound every n-th one is kept. */
export class Samples {
  #kept = new Float64Array(1 << 18);
  #count = 0;
  #every = 1;
  #seen = 0;

  /** @param {number} ms */
  add(ms) {
    if (this.#seen++ % this.#every !== 0) return;
    if (this.#count === this.#kept.length) {
      for (let i = 0; i < this.#count / 2; i++) this.#kept[i] = this.#kept[i * 2];
      this.#count /= 2;
      this.#every *= 2;
    }
    this.#kept[this.#count++] = ms;
  }

  /** A summary of what was added since the last call; `null` figures where nothing was. */
  take() {
    const sorted = this.#kept.slice(0, this.#count).sort();
    const at = (/** @type {number} */ p) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? null;
    const summary = { count: this.#seen, p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
    this.#count = 0;
    this.#seen = 0;
    this.#every = 1;
    return summary;
  }
}

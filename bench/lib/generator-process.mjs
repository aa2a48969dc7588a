/** The parent's side of the generator. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ count: number, p50: number | null, p90: number | null, p99: number | null, max: number | null }} Latency
 * @typedef {{ sent: number, acked: number, refused: number, delivered: number, unanswered: number,
 *   refusals: Record<string, number> }} Totals
 * @typedef {Totals & { atMs: number, cpu: { user: number, system: number }, ack: Latency, delivery: Latency }} Mark
 */

export class Generator {
  #next = 0;
  /** @type {Map<number, { resolve: (answer: never) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #child;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('./generator.mjs', import.meta.url)), { execArgv: [] });
    this.#child.on('message', (/** @type {{ id: number, answer: never, error?: string }} */ { id, answer, error }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error));
      else waiting?.resolve(answer);
    });
    this.#child.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the generator ended (${signal ?? code})`));
      this.#waiting.clear();
    });
  }

  /** @param {string} command @param {object} [what] @returns {Promise<any>} */
  #ask(command, what = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) return reject(new Error('the generator has ended'));
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command, what }, (error) => error && reject(error));
    });
  }

  /**
   * Opens one socket for each entry; null: without a CONNECT payload. Throws when not all of them open.
   * @param {string} url @param {(object | null)[]} auths @param {number} [concurrency] @returns {Promise<{ ms: number, retries: number }>} retries: handshakes that were told to come again
   */
  async open(url, auths, concurrency) {
    const answer = await this.#ask('open', { url, auths, concurrency });
    if (answer.opened < auths.length) {
      const why = Object.entries(answer.failures).map(([message, times]) => `${times} × ${message}`);
      throw new Error(`${auths.length - answer.opened} of ${auths.length} sockets did not open: ${why.join('; ')}`);
    }
    return answer;
  }

  /** @param {string} url @param {number} count @returns {Promise<void>} */
  openHttp(url, count) {
    return this.#ask('openHttp', { url, count });
  }

  /** See `start` in generator.mjs. @param {object} what @returns {Promise<void>} */
  start(what) {
    return this.#ask('start', what);
  }

  /**
   * One event each, all at once. @param {string[]} texts @param {number} [from] the first client
   * @returns {Promise<{ ms: number, ack: Latency }>} Throws when one is refused.
   */
  async once(texts, from) {
    const { refused, refusals, ...answer } = await this.#ask('once', { texts, from });
    if (refused > 0) throw new Error(`${refused} were refused: ${JSON.stringify(refusals)}`);
    return answer;
  }

  /** Counts so far, and latencies since the last mark. @returns {Promise<Mark>} */
  mark() {
    return this.#ask('mark');
  }

  /** Latencies of a whole run that was started with `summary: true`. @returns {Promise<{ ack: Latency, delivery: Latency }>} */
  summary() {
    return this.#ask('summary');
  }

  /** @returns {Promise<Totals & { each: { sent: number, acked: number }[] }>} each: by sender */
  stop() {
    return this.#ask('stop');
  }

  /** Closes every connection. @returns {Promise<void>} */
  close() {
    return this.#ask('close');
  }

  end() {
    if (this.#child.connected) this.#child.disconnect();
  }
}

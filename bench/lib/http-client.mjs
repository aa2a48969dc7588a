/** One keep-alive HTTP connection of the generator: requests made once, answers read no further than needed. */
import { connect } from 'node:net';
import { countUp } from './frames.mjs';
import { SLOT } from './socket-client.mjs';

const HEAD_END = Buffer.from('\r\n\r\n');
const LENGTH = /content-length: *(\d+)/i;

export class HttpClient {
  sent = 0;
  acked = 0;
  refused = 0;
  closed = false;
  /** @type {((client: HttpClient) => void) | undefined} */
  onAck;
  #sentAt = 0;
  #slot = -1;
  /** @type {Buffer | undefined} */
  #request;
  /** @type {Buffer | undefined} */
  #rest;

  /** @param {import('./samples.mjs').Samples} acks @param {Map<string, number>} refusals */
  constructor(acks, refusals) {
    this.acks = acks;
    this.refusals = refusals;
  }

  /** @param {URL} url @returns {Promise<void>} */
  open(url) {
    return new Promise((resolve, reject) => {
      this.socket = connect({ host: url.hostname, port: Number(url.port) });
      this.socket.setNoDelay(true);
      this.socket.once('error', reject);
      this.socket.once('close', () => (this.closed = true));
      this.socket.once('connect', () => {
        this.socket?.off('error', reject).on('error', () => (this.closed = true));
        resolve();
      });
      this.socket.on('data', (chunk) => this.#onData(chunk));
    });
  }

  /** The whole request, head and body; a SLOT in it is the running number. @param {string} text */
  load(text) {
    this.#request = Buffer.from(text);
    this.#slot = this.#request.indexOf(SLOT);
    this.sent = this.acked = this.refused = 0;
  }

  /** @param {number} due */
  send(due) {
    if (!this.#request || this.closed) return;
    this.#sentAt = due;
    this.sent++;
    this.socket?.write(this.#request);
    if (this.#slot !== -1) countUp(this.#request, this.#slot, SLOT.length);
  }

  close() {
    this.closed = true;
    this.socket?.destroy();
  }

  get unanswered() {
    return this.closed ? 0 : this.sent - this.acked - this.refused;
  }

  /** @param {Buffer} chunk */
  #onData(chunk) {
    const buffer = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    const headEnd = buffer.indexOf(HEAD_END);
    const head = headEnd === -1 ? '' : buffer.latin1Slice(0, headEnd);
    const size = Number(LENGTH.exec(head)?.[1] ?? 0);
    if (headEnd === -1 || buffer.length < headEnd + 4 + size) {
      this.#rest = buffer;
      return;
    }
    // One request is under way at a time, so nothing follows this answer.
    this.#rest = undefined;
    this.acks.add(performance.now() - this.#sentAt);
    const status = head.slice(9, 12);
    if (status[0] === '2') this.acked++;
    else {
      this.refused++;
      this.refusals.set(status, (this.refusals.get(status) ?? 0) + 1);
    }
    this.onAck?.(this);
  }
}

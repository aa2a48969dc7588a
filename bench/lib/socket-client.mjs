/** One Socket.IO client of the generator: a TCP socket and just enough of the protocol. */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FrameReader, clientFrame, countUp, numberAt, pongFrame } from './frames.mjs';

const [DIGIT_0, DIGIT_2, DIGIT_3, DIGIT_4, BRACKET, T] = [...'0234[t'].map((one) => one.charCodeAt(0));
const PONG = clientFrame('3').frame;
const PING_OPCODE = 9;
const CLOSE_OPCODE = 8;
/** Where in a payload the running number stands. */
export const SLOT = '000000000';
const CLIENT_ID = Buffer.from('"clientMessageId":"');
/** `message:new` as it begins on the wire. */
const DELIVERY = Buffer.from('42["message:new"');
const BATCH = Buffer.from('42["message:batch"');
/** Send times kept per client; more can be under way only where the server has long lost its footing. */
const RING = 4096;

/** The server's answer to a handshake that it does not accept, or not now. */
export class Refused extends Error {
  /** @param {string} text what came with CONNECT_ERROR */
  constructor(text) {
    super(text.slice(0, 300));
    const after = /"retryAfterMs":(\d+)/.exec(text);
    this.retryAfterMs = after ? Number(after[1]) : undefined;
  }
}

export class SocketClient {
  acked = 0;
  refused = 0;
  delivered = 0;
  sent = 0;
  /** @type {SocketClient | undefined} whose messages arrive here */
  peer;
  /** @type {((client: SocketClient) => void) | undefined} */
  onAck;
  /** @type {((messages: number) => void) | undefined} */
  onDelivery;
  closed = false;
  #reader = new FrameReader();
  #times = new Float64Array(RING);
  /** @type {Buffer | undefined} */
  #frame;
  #slot = -1;
  /** Distance from the beginning of a clientMessageId to its running number. */
  #idSlot = 0;

  /** @param {{ add(ms: number): void }} acks @param {{ add(ms: number): void }} deliveries @param {Map<string, number>} refusals */
  constructor(acks, deliveries, refusals) {
    this.acks = acks;
    this.deliveries = deliveries;
    this.refusals = refusals;
    this.onFrame = this.#onFrame.bind(this);
  }

  /**
   * Connects, upgrades and joins the default namespace. Rejects with what the server said.
   * @param {URL} url @param {object | undefined} auth @returns {Promise<void>}
   */
  open(url, auth) {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const port = Number(url.port) || (secure ? 443 : 80);
      const { hostname: host } = url;
      const socket = secure ? connectTls({ host, port, servername: host }) : connectTcp({ host, port });
      this.socket = socket;
      socket.setNoDelay(true);
      const fail = (/** @type {unknown} */ why) => {
        socket.destroy();
        reject(why instanceof Error ? why : new Error(String(why)));
      };
      socket.once('error', fail);
      socket.once('close', () => {
        this.closed = true;
        fail('the server closed the connection');
      });
      socket.once(secure ? 'secureConnect' : 'connect', () => socket.write(upgrade(url)));
      let head = '';
      const joining = (/** @type {Buffer} */ chunk) => {
        head += chunk.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end === -1) return;
        if (!head.startsWith('HTTP/1.1 101')) return fail(head.slice(0, 200));
        socket.off('data', joining);
        socket.on('data', (more) => this.#reader.push(more, this.onFrame));
        const rest = Buffer.from(head.slice(end + 4), 'latin1');
        if (rest.length > 0) this.#reader.push(rest, this.onFrame);
      };
      socket.on('data', joining);
      this.onPacket = (text) => {
        if (text[0] === '0') socket.write(clientFrame(`40${auth ? JSON.stringify(auth) : ''}`).frame);
        else if (text.startsWith('44')) fail(new Refused(text.slice(2)));
        else if (text.startsWith('40')) {
          this.onPacket = undefined;
          socket.off('error', fail);
          socket.on('error', () => (this.closed = true));
          resolve();
        }
      };
    });
  }

  /** What `send` writes from now on: a packet's text; a SLOT in it is the running number. @param {string} text */
  load(text) {
    const { frame, at } = clientFrame(text);
    const slot = text.indexOf(SLOT);
    const id = text.indexOf(CLIENT_ID.toString());
    this.#frame = frame;
    this.#slot = slot === -1 ? -1 : at + Buffer.byteLength(text.slice(0, slot));
    this.#idSlot = slot === -1 || id === -1 ? 0 : slot - id - CLIENT_ID.length;
    this.sent = this.acked = this.refused = this.delivered = 0;
  }

  /** Sends the next message. @param {number} due when it was due: latency counts from there @param {boolean} copy for several under way */
  send(due, copy = false) {
    if (!this.#frame || this.closed) return;
    this.#times[this.sent++ % RING] = due;
    // Without a copy the buffer is changed again only after the answer, so the kernel has long taken it.
    this.socket?.write(copy ? Buffer.from(this.#frame) : this.#frame);
    if (this.#slot !== -1) countUp(this.#frame, this.#slot, SLOT.length);
  }

  close() {
    this.closed = true;
    this.socket?.destroy();
  }

  get unanswered() {
    return this.closed ? 0 : this.sent - this.acked - this.refused;
  }

  /** @param {Buffer} buffer @param {number} from @param {number} to @param {number} opcode */
  #onFrame(buffer, from, to, opcode) {
    const kind = buffer[from];
    if (opcode === PING_OPCODE) this.socket?.write(pongFrame(buffer.subarray(from, to)));
    else if (opcode === CLOSE_OPCODE) this.close();
    else if (kind === DIGIT_4 && buffer[from + 1] === DIGIT_3) this.#onAnswer(buffer, from + 2, to);
    else if (kind === DIGIT_4 && buffer[from + 1] === DIGIT_2) this.#onEvent(buffer, from, to);
    else if (kind === DIGIT_2) this.socket?.write(PONG);
    else if (this.onPacket && (kind === DIGIT_0 || kind === DIGIT_4)) this.onPacket(buffer.toString('utf8', from, to));
  }

  /** `43<id>[{"ok":true,…`: one byte tells. @param {Buffer} buffer @param {number} at @param {number} to */
  #onAnswer(buffer, at, to) {
    while (buffer[at] !== BRACKET && at < to) at++;
    this.acks.add(performance.now() - this.#times[(this.acked + this.refused) % RING]);
    if (buffer[at + 7] === T) this.acked++;
    else {
      this.refused++;
      const code = /"code":"(\w+)"/.exec(buffer.toString('utf8', at, to))?.[1] ?? 'UNKNOWN';
      this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
    }
    this.onAck?.(this);
  }

  /** @param {Buffer} buffer @param {number} from @param {number} to */
  #onEvent(buffer, from, to) {
    if (buffer.compare(DELIVERY, 0, DELIVERY.length, from, from + DELIVERY.length) !== 0)
      return this.#onBatch(buffer, from, to);
    this.delivered++;
    this.onDelivery?.(1);
    const { peer } = this;
    if (!peer?.timed) return;
    const id = buffer.indexOf(CLIENT_ID, from);
    if (id === -1 || id > to) return;
    const number = numberAt(buffer, id + CLIENT_ID.length + peer.#idSlot, SLOT.length);
    this.deliveries.add(performance.now() - peer.#times[number % RING]);
  }

  /** @param {Buffer} buffer @param {number} from @param {number} to */
  #onBatch(buffer, from, to) {
    if (buffer.compare(BATCH, 0, BATCH.length, from, from + BATCH.length) !== 0) return;
    let messages = 0;
    for (let at = buffer.indexOf(CLIENT_ID, from); at !== -1 && at < to; at = buffer.indexOf(CLIENT_ID, at + 1))
      messages++;
    this.delivered += messages;
    this.onDelivery?.(messages);
  }

  /** Whether the way of each message to its receiver is timed; it costs the generator a search per delivery. */
  timed = false;
}

/** @param {URL} url */
const upgrade = (url) =>
  [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
    `Host: ${url.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: cGFybGV5LWJlbmNobWFyaw==',
    '\r\n',
  ].join('\r\n');

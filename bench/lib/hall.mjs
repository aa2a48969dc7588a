/** Thousands of listeners, connected once to Parley and once to plain Socket.IO, for everything that many are to hear. */
import { OPERATOR_TOKEN } from './product.mjs';
import { Generator } from './generator-process.mjs';
import { measure } from './measure.mjs';
import { cpusOf } from './cpu.mjs';
import { handshakes, join, speech } from './messages.mjs';

/** @typedef {import('./measure.mjs').Sample & { lagMs?: number }} Sample lagMs: the longest that Parley's event loop was late in a second */
/** @typedef {{ rate: number, cpu: number, ack: import('./measure.mjs').Latency }} Storm cpu: of all processes, microseconds a join */
/** @typedef {{ listeners: number, batching?: boolean, withLag?: boolean, outstanding?: number, rate?: number, warmMs?: number, windowMs?: number }} Load */

/** Groups and rooms of so many listeners, besides the one who speaks: the first client. */
export const SIZES = [1, 100, 1000, 5000];
/** Those who listen in batches are others, as many as this. */
export const BATCHING = 1000;

/** Joins are answered with this many messages. */
const HISTORY = 10;
const STORM = 5000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const idOf = (/** @type {number | 'batching' | 'storm'} */ listeners) => `bench-${listeners}`;

export class Hall {
  #ours = new Generator();
  #theirs = new Generator();

  /** @param {import('./context.mjs').Context} context */
  constructor(context) {
    this.context = context;
  }

  async open() {
    const { context } = this;
    this.deployment = await context.deployment();
    this.room = await context.reference('room');
    const all = Math.max(...SIZES) + 1;
    this.users = await context.crowd(all + BATCHING);
    const ids = this.users.map(({ userId }) => userId);
    for (const size of SIZES) await this.deployment.appServer.group(idOf(size), ids.slice(0, size + 1));
    const rooms = this.users
      .slice(0, all)
      .map((_, index) => ({ rooms: SIZES.filter((size) => index <= size).map((size) => idOf(size)) }));
    await this.#theirs.open(this.room.url, rooms);
    const auths = handshakes(this.users).map((auth, i) => (i < all ? auth : { ...auth, features: ['batch'] }));
    await this.#ours.open(this.deployment.url, auths);
    return this;
  }

  /** Raw Socket.IO. @param {Load} load @returns {Promise<Sample>} counted by deliveries, as below */
  async reference({ listeners, warmMs, windowMs, outstanding, rate }) {
    const { pid } = /** @type {{ pid: number }} */ (this.room);
    await this.#theirs.start({ texts: [speech('group', idOf(listeners))], listeners, outstanding, rate });
    try {
      return await measure(this.#theirs, { server: pid }, { delivers: 'all', warmMs, windowMs });
    } finally {
      await this.#theirs.stop();
    }
  }

  /** The rooms and who listens in them. Once in a run. */
  async openRooms() {
    const { appServer } = /** @type {import('./deployment.mjs').Deployment} */ (this.deployment);
    const ids = [...SIZES, /** @type {const} */ ('batching')].map((which) => idOf(which));
    for (const id of ids) {
      await appServer.room(id);
      await this.#ours.once([join(id, 0)]);
    }
    for (const size of SIZES) await this.#ours.once(new Array(size).fill(join(idOf(size), 0)), 1);
    await this.#ours.once(new Array(BATCHING).fill(join(idOf('batching'), 0)), Math.max(...SIZES) + 1);
  }

  /** Thousands join one more room at once, on both sides. @returns {Promise<{ product: Storm, reference: Storm }>} */
  async storm() {
    const { pids, appServer } = /** @type {import('./deployment.mjs').Deployment} */ (this.deployment);
    await appServer.room(idOf('storm'));
    await this.#ours.once([join(idOf('storm'), 0)]);
    return {
      reference: await this.#storm(this.#theirs, { server: /** @type {{ pid: number }} */ (this.room).pid }, 'group'),
      product: await this.#storm(this.#ours, pids, 'chatroom'),
    };
  }

  /** @param {Generator} generator @param {Record<string, number>} pids @param {'group' | 'chatroom'} kind @returns {Promise<Storm>} */
  async #storm(generator, pids, kind) {
    for (let i = 0; i < HISTORY; i++) await generator.once([speech(kind, idOf('storm'))]);
    if (kind === 'chatroom')
      /** @type {import('./deployment.mjs').Deployment} */ (this.deployment).acknowledged += HISTORY;
    await sleep(500);
    const before = cpusOf(pids);
    const { ms, ack } = await generator.once(new Array(STORM).fill(join(idOf('storm'))), 1);
    await sleep(500);
    const after = cpusOf(pids);
    const cpu = Object.keys(pids).reduce((sum, name) => sum + after[name] - before[name], 0) / STORM;
    return { rate: (STORM * 1000) / ms, ack, cpu };
  }

  /** Stored, acknowledged and heard by all. @param {'group' | 'chatroom'} kind @param {Load} load @returns {Promise<Sample>} */
  async product(kind, { listeners, batching = false, withLag = false, warmMs, windowMs, ...how }) {
    const { pids, url } = /** @type {import('./deployment.mjs').Deployment} */ (this.deployment);
    const to = idOf(batching ? 'batching' : listeners);
    await this.#ours.start({ texts: [speech(kind, to)], listeners, ...how });
    try {
      const sample = await measure(this.#ours, pids, { delivers: 'all', warmMs, windowMs });
      return withLag ? { ...sample, lagMs: await longestLag(url) } : sample;
    } finally {
      await this.context.finish(this.#ours, listeners);
    }
  }

  end() {
    this.#ours.end();
    this.#theirs.end();
  }
}

/** Parley counts anew after each look. @param {string} url */
async function longestLag(url) {
  const look = async () => {
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
    const text = await (await fetch(`${url}/metrics`, { headers })).text();
    return Number(/^nodejs_eventloop_lag_max_seconds ([\d.e+-]+)$/m.exec(text)?.[1]) * 1000;
  };
  await look();
  await sleep(1000);
  // The monitor looks every 10 ms, and its figures contain that.
  return Math.max(0, (await look()) - 10);
}

/** Thousands of listeners, connected once to Parley and once to plain Socket.IO, for everything that many are to hear. */
import { Generator } from './generator-process.mjs';
import { measure } from './measure.mjs';
import { handshakes, speech } from './messages.mjs';

/** @typedef {import('./measure.mjs').Sample & { lagMs?: number }} Sample lagMs: the longest that Parley's event loop was late in a second */
/** @typedef {{ listeners: number, outstanding?: number, rate?: number, warmMs?: number, windowMs?: number }} Load */

/** Groups and rooms of so many listeners, besides the one who speaks: the first client. */
export const SIZES = [1, 100, 1000, 5000];
/** Those who listen in batches are others, as many as this. */
export const BATCHING = 1000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const idOf = (/** @type {number} */ listeners) => `bench-${listeners}`;

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
  async reference({ listeners, warmMs, windowMs, ...how }) {
    const { pid } = /** @type {{ pid: number }} */ (this.room);
    await this.#theirs.start({ texts: [speech('group', idOf(listeners))], listeners, ...how });
    try {
      return await measure(this.#theirs, { server: pid }, { delivers: 'all', warmMs, windowMs });
    } finally {
      await this.#theirs.stop();
    }
  }

  /** Stored, acknowledged and heard by all. @param {'group' | 'chatroom'} kind @param {Load} load @returns {Promise<Sample>} */
  async product(kind, { listeners, warmMs, windowMs, ...how }) {
    const { pids, url } = /** @type {import('./deployment.mjs').Deployment} */ (this.deployment);
    await this.#ours.start({ texts: [speech(kind, idOf(listeners))], listeners, ...how });
    try {
      const sample = await measure(this.#ours, pids, { delivers: 'all', warmMs, windowMs });
      return { ...sample, lagMs: await longestLag(url) };
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
    const text = await (await fetch(`${url}/metrics`)).text();
    return Number(/^nodejs_eventloop_lag_max_seconds ([\d.e+-]+)$/m.exec(text)?.[1]) * 1000;
  };
  await look();
  await sleep(1000);
  // The monitor looks every 10 ms, and its figures contain that.
  return Math.max(0, (await look()) - 10);
}

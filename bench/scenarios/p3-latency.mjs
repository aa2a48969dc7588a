/**
 * P3, P3b: how long a durable message takes from its sender to its receiver at a fixed rate, against the same way through
 * plain Socket.IO, which stores nothing, and one flush of this disk. Window by window in turn, so that a restless hour
 * meets all of them alike.
 */
import { startFlushProbe } from '../lib/flush-probe.mjs';
import { median } from '../lib/stats.mjs';

export const name = 'P3';
export const title = 'send to peer at a fixed rate';

const RATE = 1500;
const WINDOW_MS = 4000;
const WINDOWS = 5;

/** @typedef {import('../lib/measure.mjs').Latency} Latency */

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { dir } = await context.deployment();
  const how = { rate: RATE, timed: true, windowMs: WINDOW_MS };
  const windows = [];
  for (let i = 0; i < WINDOWS; i++) {
    const probe = await startFlushProbe(dir);
    const relay = await context.relay(how);
    const flush = await probe.stop();
    const product = await context.send(how);
    windows.push({ product: product.delivery, relay: relay.delivery, flush, rate: product.rate });
  }
  const of = (/** @type {'product' | 'relay'} */ who, /** @type {'p50' | 'p99' | 'max'} */ what) =>
    median(windows.map((window) => window[who][what] ?? Number.NaN));
  const flush = (/** @type {'p50' | 'p99'} */ what) => median(windows.map((window) => window.flush[what]));
  const against = (/** @type {'p50' | 'p99'} */ what) => of('product', what) / (of('relay', what) + flush(what));
  const details = {
    'offered/s': RATE,
    'delivered/s': median(windows.map(({ rate }) => rate)),
    'p99 ms': of('product', 'p99'),
    'relay p99 ms': of('relay', 'p99'),
    'flush p99 ms': flush('p99'),
    'p50 ms': of('product', 'p50'),
    'relay p50 ms': of('relay', 'p50'),
    'flush p50 ms': flush('p50'),
    'max ms': of('product', 'max'),
  };
  return [
    { id: 'P3', value: against('p99'), details, discarded: 0, trusted: true },
    { id: 'P3b', value: against('p50'), details: {}, discarded: 0, trusted: true },
  ];
}

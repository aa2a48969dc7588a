/** P3: how long a message takes to its receiver while Parley has half of what it can do, offered at a steady rate. */
import { median } from '../lib/stats.mjs';

export const name = 'P3';
export const title = 'send to peer at half load';

const WINDOW_MS = 4000;
const WINDOWS = 3;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  if (!context.sendRate) context.sendRate = (await context.send()).rate;
  const rate = Math.round(context.sendRate / 2);
  const samples = [];
  for (let i = 0; i < WINDOWS; i++) samples.push(await context.send({ rate, timed: true, windowMs: WINDOW_MS }));
  const of = (/** @type {'p50' | 'p99' | 'max'} */ what) =>
    median(samples.map(({ delivery }) => delivery[what] ?? Number.NaN));
  const details = {
    'offered/s': rate,
    'delivered/s': median(samples.map((one) => one.rate)),
    'p50 ms': of('p50'),
    'max ms': of('max'),
  };
  return [{ id: 'P3', value: of('p99'), details, discarded: 0, trusted: true }];
}

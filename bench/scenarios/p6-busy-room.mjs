/** P6: what a delivery costs in a busy room whose listeners read batches, against raw Socket.IO's room broadcast. */
import { BATCHING } from '../lib/hall.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P6';
export const title = 'a busy room, in batches';

/** Messages under way: of the reference, and of the room, where that is about twenty to a frame. */
const OUTSTANDING = { reference: 4, product: 20 };
/** What a room takes each second by default, said evenly. */
const STEADY = 200;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const hall = await context.hall();
  const load = { listeners: BATCHING, batching: true };
  const { sets, discarded, trusted } = await interleave({
    reference: () => hall.reference({ listeners: BATCHING, outstanding: OUTSTANDING.reference, warmMs: 1000 }),
    product: () => hall.product('chatroom', { ...load, outstanding: OUTSTANDING.product, warmMs: 1000 }),
    gauge: ({ cpuAll }) => cpuAll,
    sets: Math.min(2, context.sets),
    say: context.say,
  });
  const steady = await hall.product('chatroom', { ...load, rate: STEADY, warmMs: 1000 });
  const costs = medians(sets, ({ cpuAll }) => cpuAll);
  const details = {
    'deliveries/s': medians(sets, ({ rate }) => rate).product,
    µs: costs.product,
    'reference µs': costs.reference,
    [`at a steady ${STEADY} messages/s: × CPU`]: steady.cpuAll / costs.reference,
  };
  return [{ id: 'P6', value: ratio(sets, ({ cpuAll }) => cpuAll), details, discarded, trusted }];
}

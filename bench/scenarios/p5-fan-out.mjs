/** P5: a message on its way to all who are online, stored before, against raw Socket.IO's room broadcast. */
import { SIZES } from '../lib/hall.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P5';
export const title = 'fan-out to thousands who are online';

/** The figure is that of a thousand listeners; the others are told with it, from shorter windows. */
const LISTENERS = 1000;
const OUTSTANDING = 4;
const SHORT = { warmMs: 700, windowMs: 1500 };
const LONG = { warmMs: 1000 };

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  context.say('thousands of users, their groups and their sockets …');
  const hall = await context.hall();
  const compare = (
    /** @type {number} */ listeners,
    /** @type {number} */ sets,
    /** @type {Partial<import('../lib/hall.mjs').Load>} */ how = LONG,
  ) =>
    interleave({
      reference: () => hall.reference({ listeners, outstanding: OUTSTANDING, ...how }),
      product: () => hall.product('group', { listeners, outstanding: OUTSTANDING, ...how }),
      gauge: ({ cpuAll }) => cpuAll,
      sets,
      retries: sets,
      say: context.say,
    });
  const { sets, discarded, trusted } = await compare(LISTENERS, context.sets);
  const costs = medians(sets, ({ cpuAll }) => cpuAll);
  const rates = medians(sets, ({ rate }) => rate);
  /** @type {Record<string, number>} */
  const details = {
    'deliveries/s': rates.product,
    'reference/s': rates.reference,
    '× CPU': ratio(sets, ({ cpuAll }) => cpuAll),
    µs: costs.product,
    'reference µs': costs.reference,
    'generator µs': medians(sets, ({ generatorCpu }) => generatorCpu).product,
  };
  const lone = await compare(LISTENERS, 1, { ...SHORT, outstanding: 1 });
  details['one at a time: × CPU'] = ratio(lone.sets, ({ cpuAll }) => cpuAll);
  for (const listeners of SIZES.filter((size) => size !== LISTENERS)) {
    const other = await compare(listeners, 1, SHORT);
    details[`to ${listeners}: × rate`] = ratio(other.sets, ({ rate }) => rate);
    details[`to ${listeners}: × CPU`] = ratio(other.sets, ({ cpuAll }) => cpuAll);
    const lag = medians(other.sets, ({ lagMs }) => lagMs ?? 0).product;
    if (listeners > LISTENERS) details[`to ${listeners}: longest lag of the event loop, ms`] = lag;
  }
  return [{ id: 'P5', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted }];
}

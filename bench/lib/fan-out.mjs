/** Deliveries of a group or a room against raw Socket.IO's, by the number of listeners. */
import { interleave, medians, ratio } from './stats.mjs';

/** The figure is that of a thousand listeners; the others are told with it, from shorter windows. */
const LISTENERS = 1000;
const OUTSTANDING = 4;
const SHORT = { warmMs: 700, windowMs: 1500 };
const LONG = { warmMs: 1000 };

/**
 * @param {import('./context.mjs').Context} context @param {import('./hall.mjs').Hall} hall @param {string} id
 * @param {'group' | 'chatroom'} kind @param {readonly number[]} sizes the other numbers of listeners
 */
export async function compareFanOut(context, hall, id, kind, sizes) {
  const compare = (
    /** @type {number} */ listeners,
    /** @type {number} */ sets,
    /** @type {Partial<import('./hall.mjs').Load>} */ how = LONG,
  ) =>
    interleave({
      reference: () => hall.reference({ listeners, outstanding: OUTSTANDING, ...how }),
      product: () => hall.product(kind, { listeners, outstanding: OUTSTANDING, ...how }),
      gauge: ({ cpuAll }) => cpuAll,
      sets,
      retries: sets === 1 ? 0 : undefined,
      say: context.say,
    });
  const { sets, discarded, trusted } = await compare(LISTENERS, Math.min(2, context.sets));
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
  for (const listeners of sizes) {
    const withLag = listeners > LISTENERS;
    const other = await compare(listeners, 1, { ...SHORT, withLag });
    details[`to ${listeners}: × rate`] = ratio(other.sets, ({ rate }) => rate);
    details[`to ${listeners}: × CPU`] = ratio(other.sets, ({ cpuAll }) => cpuAll);
    const lag = medians(other.sets, ({ lagMs }) => lagMs ?? 0).product;
    if (withLag) details[`to ${listeners}: longest lag of the event loop, ms`] = lag;
  }
  return { id, value: ratio(sets, ({ rate }) => rate), details, discarded, trusted };
}

/** P2, P2c: durable sends with delivery against ejabberd, which archives every message for both sides in the same MariaDB. */
import { interleave, medians, ratio } from '../lib/stats.mjs';
import { logIn, pingPong } from '../lib/xmpp-load.mjs';

export const name = 'P2';
export const title = 'durable send with delivery, against ejabberd';

const PAIRS = 32;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const ejabberd = await context.ejabberd();
  const why = 'ejabberd and erlang-p1-mysql are not installed';
  if (!ejabberd) return [{ id: 'P2', skipped: why }];
  const clients = await logIn(ejabberd, 2 * PAIRS);
  try {
    const { sets, discarded, trusted } = await interleave({
      reference: () => pingPong(clients, ejabberd.pids),
      product: () => context.send(),
      gauge: ({ cpuAll }) => cpuAll,
      sets: context.sets,
      say: context.say,
    });
    const rates = medians(sets, ({ rate }) => rate);
    const costs = medians(sets, ({ cpuAll }) => cpuAll);
    const details = {
      'sends/s': rates.product,
      'ejabberd msg/s': rates.reference,
      µs: costs.product,
      'ejabberd µs': medians(sets, ({ cpu }) => cpu.ejabberd ?? 0).reference,
      'its database µs': medians(sets, ({ cpu }) => cpu.database).reference,
    };
    return [
      { id: 'P2', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted },
      { id: 'P2c', value: ratio(sets, ({ cpuAll }) => 1 / cpuAll), details: {}, discarded, trusted },
    ];
  } finally {
    for (const client of clients) client.close();
  }
}

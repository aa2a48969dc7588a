/** P7: CPU of a delivery to a thousand, against ejabberd's room of a thousand, which stores nothing. */
import { interleave, medians, ratio } from '../lib/stats.mjs';
import { logIn, room } from '../lib/xmpp-load.mjs';

export const name = 'P7';
export const title = 'fan-out to a thousand, against ejabberd';

const LISTENERS = 1000;
const OUTSTANDING = 4;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const ejabberd = await context.ejabberd();
  if (!ejabberd) return [{ id: 'P7', skipped: 'ejabberd is not installed' }];
  context.say('thousands of users, their groups and their sockets …');
  const hall = await context.hall();
  const clients = await logIn(ejabberd, LISTENERS);
  try {
    const { sets, discarded, trusted } = await interleave({
      reference: () => room(clients, OUTSTANDING, { ejabberd: ejabberd.pids.ejabberd }),
      product: () => hall.product('group', { listeners: LISTENERS, outstanding: OUTSTANDING }),
      gauge: ({ cpuAll }) => cpuAll,
      sets: 1,
      say: context.say,
    });
    const costs = medians(sets, ({ cpuAll }) => cpuAll);
    const rates = medians(sets, ({ rate }) => rate);
    const details = {
      'deliveries/s': rates.product,
      'ejabberd deliveries/s': rates.reference,
      µs: costs.product,
      'ejabberd µs': costs.reference,
    };
    return [{ id: 'P7', value: ratio(sets, ({ cpuAll }) => cpuAll), details, discarded, trusted }];
  } finally {
    for (const client of clients) client.close();
  }
}

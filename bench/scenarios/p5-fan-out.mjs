/** P5: a group's message on its way to all members who are online, stored before, against raw Socket.IO's room broadcast. */
import { handshakes, speech } from '../lib/messages.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P5';
export const title = 'fan-out to the online members of a group';

/** The figure is that of a thousand listeners; the others are told with it. */
const LISTENERS = 1000;
const OTHERS = [1, 100, 5000];
const OUTSTANDING = 4;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const deployment = await context.deployment();
  const room = await context.reference('room');

  const compare = async (/** @type {number} */ listeners, /** @type {number} */ sets) => {
    const users = await context.crowd(listeners + 1);
    const groupId = `bench-fan-out-${listeners}`;
    await deployment.appServer.group(
      groupId,
      users.map(({ userId }) => userId),
    );
    const nobody = new Array(listeners + 1).fill(null);
    const said = { outstanding: OUTSTANDING };
    return interleave({
      reference: () =>
        context.broadcast({
          ...said,
          url: room.url,
          pids: { server: room.pid },
          auths: nobody,
          text: speech('group', groupId),
        }),
      product: () =>
        context.broadcast({
          ...said,
          url: deployment.url,
          pids: deployment.pids,
          auths: handshakes(users),
          text: speech('group', groupId),
          durable: true,
        }),
      gauge: ({ cpuAll }) => cpuAll,
      sets,
      retries: sets === 1 ? 1 : undefined,
      say: context.say,
    });
  };

  const { sets, discarded, trusted } = await compare(LISTENERS, context.sets);
  const rates = medians(sets, ({ rate }) => rate);
  const costs = medians(sets, ({ cpuAll }) => cpuAll);
  /** @type {Record<string, number>} */
  const details = {
    'deliveries/s': rates.product,
    'reference/s': rates.reference,
    '× CPU': ratio(sets, ({ cpuAll }) => cpuAll),
    µs: costs.product,
    'reference µs': costs.reference,
    'generator µs': medians(sets, ({ generatorCpu }) => generatorCpu).product,
  };
  for (const listeners of OTHERS) {
    const other = await compare(listeners, 1);
    details[`${listeners} online: × rate`] = ratio(other.sets, ({ rate }) => rate);
    details[`${listeners} online: × CPU`] = ratio(other.sets, ({ cpuAll }) => cpuAll);
  }
  return [{ id: 'P5', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted }];
}

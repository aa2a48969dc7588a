/** P5b: what a message costs in a group of 10,000, ten of whom are online, against a group of those ten. */
import { handshakes, packet, command, newRound } from '../lib/messages.mjs';
import { measure } from '../lib/measure.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P5';
export const title = 'a send to a group of 10,000 against one to a group of 10';

const ONLINE = 10;
const MEMBERS = 10_000;
const QUICK = 3000;

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { generator } = context;
  // Its users speak here as well, on the same devices.
  await context.closeHall();
  const members = context.options.quick ? QUICK : MEMBERS;
  const deployment = await context.deployment();
  context.say(`${members} users and their tokens …`);
  const ids = (await context.crowd(members)).map(({ userId }) => userId);
  const auths = handshakes(await context.crowd(ONLINE));
  await deployment.appServer.group('bench-small', ids.slice(0, ONLINE));
  await deployment.appServer.group('bench-large', ids);

  const sends = async (/** @type {string} */ id) => {
    const round = newRound();
    await generator.open(deployment.url, auths);
    const texts = auths.map((_, i) => packet('message:send', { ...command(round, i, ''), to: { kind: 'group', id } }));
    await generator.start({ texts });
    try {
      return await measure(generator, deployment.pids);
    } finally {
      await context.settle(ONLINE - 1);
    }
  };
  await sends('bench-large');
  const gauge = (/** @type {import('../lib/measure.mjs').Sample} */ { cpuAll }) => cpuAll;
  const { sets, discarded, trusted } = await interleave({
    reference: () => sends('bench-small'),
    product: () => sends('bench-large'),
    gauge,
    sets: Math.min(2, context.sets),
    say: context.say,
  });
  const details = {
    members,
    online: ONLINE,
    µs: medians(sets, gauge).product,
    'small group µs': medians(sets, gauge).reference,
    'server µs': medians(sets, ({ cpu }) => cpu.server).product,
    'small group server µs': medians(sets, ({ cpu }) => cpu.server).reference,
    '× rate': ratio(sets, ({ rate }) => rate),
  };
  return [{ id: 'P5b', value: ratio(sets, gauge), details, discarded, trusted }];
}

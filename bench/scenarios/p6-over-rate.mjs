/** P6b: a room that is offered three times what it takes: what is refused, and that all that is accepted is heard. */
import { handshakes, command, join, newRound, packet } from '../lib/messages.mjs';

export const name = 'P6';
export const title = 'a room over its rate';

/** The default of LIMIT_ROOM_SENDS_PER_SECOND, which applies here as in every room. */
const TAKES = 200;
const OFFERED = 3 * TAKES;
const SPEAKERS = 30;
const LISTENERS = 100;
const SECONDS = 5;
const ROOM = 'bench-over-rate';
/** A sixth of what is said is high, the rest half normal and half low. */
const PRIORITIES = ['high', 'normal', 'normal', 'low', 'low', /** @type {const} */ ('normal')];

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { generator } = context;
  await context.closeHall();
  const deployment = await context.deployment();
  await deployment.restartServer({ keepDefault: ['LIMIT_ROOM_SENDS_PER_SECOND'] });
  try {
    await deployment.appServer.room(ROOM);
    const users = await context.crowd(SPEAKERS + LISTENERS);
    await generator.open(deployment.url, handshakes(users));
    await generator.once(users.map(() => join(ROOM, 0)));
    const priorityOf = (/** @type {number} */ index) => PRIORITIES[index % PRIORITIES.length];
    const round = newRound();
    const texts = Array.from({ length: SPEAKERS }, (_, i) =>
      packet('message:send', {
        ...command(round, i, ''),
        to: { kind: 'chatroom', id: ROOM },
        options: { priority: priorityOf(i) },
      }),
    );
    await generator.start({ texts, rate: OFFERED });
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    const { each, ...totals } = await generator.stop();
    await generator.close();
    deployment.acknowledged += totals.acked;
    const others = Object.keys(totals.refusals).filter((code) => code !== 'ROOM_BUSY');
    if (others.length > 0) throw new Error(`the room refused for other reasons: ${others.join(', ')}`);
    if (totals.delivered !== totals.acked * (users.length - 1))
      throw new Error(`${totals.acked} were accepted and ${totals.delivered} heard`);
    const accepted = (/** @type {string} */ priority) => {
      const ofIt = each.filter((_, index) => priorityOf(index) === priority);
      const sum = (/** @type {'sent' | 'acked'} */ what) => ofIt.reduce((all, one) => all + one[what], 0);
      return sum('acked') / sum('sent');
    };
    const details = {
      'offered/s': totals.sent / SECONDS,
      'accepted/s': totals.acked / SECONDS,
      'of normal': accepted('normal'),
      'of low': accepted('low'),
      refused: totals.refused,
    };
    return [{ id: 'P6b', value: accepted('high'), details, discarded: 0, trusted: true }];
  } finally {
    await deployment.restartServer();
  }
}

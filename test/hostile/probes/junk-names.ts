import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineProbe } from '../probe';
import { asUser, call, logIn, mustCall } from '../tools';

/** What an hour allows one user. */
const ALLOWED = 60;

/** Users that nobody made: a message or an invitation to a name brings it into being. */
export const probe = defineProbe({
  promise:
    'one user makes sixty names an hour by writing to them or adding them to a group, and the next customer comes in',
  async prepare(world) {
    const token = await logIn(world, 'junk-maker');
    const body = { name: 'Junk', visibility: 'private' };
    const { groupId } = await mustCall<{ groupId: string }>(world, 'POST', '/v1/groups', { ...asUser(token), body });
    return { token, groupId };
  },
  async attack(world, { token, groupId }) {
    let made = 0;
    for (let batch = 0; batch < 5; batch++) {
      const userIds = Array.from({ length: 50 }, (_, n) => `junk-${batch}-${n}`);
      const { json } = await call(world, 'POST', `/v1/groups/${groupId}/invitations`, {
        ...asUser(token),
        body: { userIds },
      });
      made += (json as { items?: { status: string }[] }).items?.filter(({ status }) => status === 'joined').length ?? 0;
    }
    for (let n = 0; n < 40; n++) {
      const body = {
        to: { kind: 'user', id: `junk-sent-${n}` },
        clientMessageId: randomUUID(),
        type: 'text',
        body: { text: 'x' },
      };
      const { status } = await call(world, 'POST', '/v1/messages', { ...asUser(token), body });
      if (status === 201) made++;
    }
    assert(made <= ALLOWED + 2, `${made} names came into being`);
    await logIn(world, 'next-customer');
    return `${made} names made of 290 asked for`;
  },
});

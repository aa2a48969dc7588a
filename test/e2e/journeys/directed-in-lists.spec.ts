import * as fc from 'fast-check';
import type { WireConversation } from '../../../src/kernel/contracts/conversation';
import { aConnectedUser, aGroup, anApp, type ConnectedUser, type TestApp } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText } from '../../support/messages';

/** In which of two groups who says something, and to whom: a set of members, or everybody. */
interface Step {
  group: 0 | 1;
  from: 0 | 1 | 2;
  to: (0 | 1 | 2)[] | null;
}

const member = fc.constantFrom(0 as const, 1 as const, 2 as const);
const steps = fc.array(
  fc.record({
    group: fc.constantFrom(0 as const, 1 as const),
    from: member,
    to: fc.option(fc.uniqueArray(member, { minLength: 1, maxLength: 2 }), { freq: 1 }),
  }),
  { minLength: 3, maxLength: 14 },
);

describe('a directed message in the lists', () => {
  let parley: Parley;
  let app: TestApp;
  let users: ConnectedUser[];
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    users = await Promise.all([aConnectedUser(app), aConnectedUser(app), aConnectedUser(app)]);
  });
  afterAll(async () => {
    for (const { device } of users ?? []) device.close();
    await parley?.stop();
  });

  const shownTo = async ({ api }: ConnectedUser, ids: readonly string[]) => {
    const { items } = await ok<{ items: WireConversation[] }>(api.get('/v1/conversations?limit=100'));
    return items
      .filter(({ conversationId }) => ids.includes(conversationId))
      .map(({ conversationId, lastMessage, unread }) => [conversationId, lastMessage?.seq, unread]);
  };

  /** What each sees last in each group, with its unread, the latest first; by the time that the server gave, then by age. */
  function expected(script: readonly Step[], sentAt: readonly string[], ids: readonly string[], user: number) {
    const seqs = [1, 1];
    const last = [1, 1];
    const unread = [0, 0];
    const at = ['', ''];
    for (const [index, { group, from, to }] of script.entries()) {
      seqs[group] += 1;
      if (to && from !== user && !(to as number[]).includes(user)) continue;
      last[group] = seqs[group];
      if (from !== user) unread[group] += 1;
      at[group] = sentAt[index];
    }
    const order = at[0] > at[1] ? [0, 1] : [1, 0];
    return order.map((group) => [ids[group], last[group], unread[group]]);
  }

  async function run(script: readonly Step[], atOnce: boolean): Promise<void> {
    const groups = [await aGroup(app, users), await aGroup(app, users)];
    const ids = groups.map(({ conversationId }) => conversationId);
    const send = async ({ group, from, to }: Step): Promise<string> => {
      const options = to ? { options: { recipients: to.map((at) => users[at].userId) } } : {};
      const command = { ...aText('', 'said', options), to: { kind: 'group' as const, id: groups[group].groupId } };
      return (await users[from].device.tell('message:send', command)).sentAt;
    };
    const sentAt: string[] = [];
    // What one socket sends at once is stored in its order, many in one commit.
    if (atOnce) sentAt.push(...(await Promise.all(script.map(send))));
    else for (const step of script) sentAt.push(await send(step));
    for (const [index, user] of users.entries()) {
      expect(await shownTo(user, ids)).toEqual(expected(script, sentAt, ids, index));
      const { conversations } = await user.device.tell('sync', { userSeq: 0, conversations: [] });
      const synced = conversations
        .filter(({ conversationId }) => ids.includes(conversationId))
        .map(({ conversationId, lastMessage }) => [conversationId, lastMessage?.seq]);
      const inTheirOrder = expected(script, sentAt, ids, index).map(([id, seq]) => [id, seq]);
      expect(synced.sort()).toEqual(inTheirOrder.sort());
    }
  }

  it('is last and newest for those who see it, and leaves no trace for the others', async () => {
    await fc.assert(
      fc.asyncProperty(steps, (script) => run(script, false)),
      { numRuns: 12 },
    );
  });

  it('the same where many are stored in one commit', async () => {
    // One sender and one group: only then is the order of storing known.
    const ofOne = steps.map((script) => script.map((step) => ({ ...step, group: 0 as const, from: 0 as const })));
    await fc.assert(
      fc.asyncProperty(ofOne, (script) => run(script, true)),
      { numRuns: 8 },
    );
  });
});

import * as fc from 'fast-check';
import type { WireConversation } from '../../../src/kernel/contracts/conversation';
import type { WireMessage } from '../../../src/kernel/contracts/message';
import { anApp, aSession, aUser, type TestApp, type TestSession } from '../../support/builders';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText, between } from '../../support/messages';

interface Step {
  who: 0 | 1;
  /** A message, a command (which counts for nobody), or a read mark at this share of the log, or beyond it. */
  does: 'say' | 'command' | 'read';
  at: number;
}

const steps = fc.array(
  fc.record({
    who: fc.constantFrom(0 as const, 1 as const),
    does: fc.constantFrom('say' as const, 'say' as const, 'command' as const, 'read' as const),
    at: fc.double({ min: 0, max: 1.2, noNaN: true }),
  }),
  { minLength: 4, maxLength: 24 },
);

describe('unread', () => {
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
  });
  afterAll(() => parley?.stop());

  const pair = async (): Promise<[TestSession, TestSession]> => [
    await aSession(await aUser(app)),
    await aSession(await aUser(app)),
  ];

  /** What the log itself says: messages of the other side above one's own read mark that are no commands. */
  async function recounted({ api, user }: TestSession, conversationId: string, readSeq: number): Promise<number> {
    let count = 0;
    for (let next: string | undefined = `after=${readSeq}`; next;) {
      const path: string = `/v1/conversations/${conversationId}/messages?limit=100&${next}`;
      const page: { items: WireMessage[]; nextCursor?: string } = await ok(api.get(path));
      count += page.items.filter(({ from, type }) => from !== user.userId && type !== 'command').length;
      next = page.nextCursor && `cursor=${page.nextCursor}`;
    }
    return count;
  }

  async function run(script: readonly Step[], at: 'once' | 'one after the other'): Promise<void> {
    const both = await pair();
    const conversationId = between(both[0].user.userId, both[1].user.userId);
    const marks = [0, 0];
    let said = 0;
    const step = async ({ who, does, at: share }: Step): Promise<void> => {
      const self = both[who];
      if (does === 'read') {
        if (said === 0) return;
        const seq = Math.floor(share * said);
        const answer = await ok(self.api.put<{ readSeq: number }>(`/v1/conversations/${conversationId}/read`, { seq }));
        expect(answer.readSeq).toBeGreaterThanOrEqual(marks[who]);
        marks[who] = Math.max(marks[who], answer.readSeq);
      } else {
        const peer = both[1 - who].user.userId;
        await ok(self.api.post('/v1/messages', aText(peer, 'x', does === 'say' ? {} : { type: 'command', body: {} })));
        said += 1;
      }
    };
    if (at === 'once') {
      await step({ who: 0, does: 'say', at: 0 });
      await Promise.all(script.map(step));
    } else for (const one of script) await step(one);
    if (said === 0) return;

    for (const [who, self] of both.entries()) {
      const shown = await ok(self.api.get<WireConversation>(`/v1/conversations/${conversationId}`));
      expect(shown.maxSeq).toBe(said);
      expect(shown.readSeq).toBe(marks[who]);
      expect(shown.unread).toBe(await recounted(self, conversationId, shown.readSeq));
      const all = await ok(self.api.put(`/v1/conversations/${conversationId}/read`, { seq: said }));
      expect(all).toEqual({ readSeq: said, unread: 0 });
    }
  }

  it.each(['one after the other', 'once'] as const)(
    'E42: equals a recount of the log after any interleaving of sends and reads by both sides (%s)',
    async (at) => {
      await fc.assert(
        fc.asyncProperty(steps, (script) => run(script, at)),
        { numRuns: 12 },
      );
    },
  );
});

import { VirtualClock } from '../test/support/virtual-clock';
import type { Call } from './calls';
import type { ClientEvents, SyncReply, UserEvent } from './catalogue';
import { ParleyError } from './errors';
import { Inbox } from './inbox';
import { Sync, type Cursor, type Reset } from './sync';

const event = (userSeq: number): UserEvent => ({
  userSeq,
  kind: 'read',
  at: '2026-01-01T00:00:00.000Z',
  data: {},
});

const reply = (more: Partial<SyncReply> = {}): SyncReply => ({
  userSeq: 0,
  storeEpoch: 'e1',
  userEvents: [],
  conversations: [],
  ...more,
});

function aSync(cursor: Cursor = { userSeq: 0 }) {
  const clock = new VirtualClock();
  const calls: { event: string; data: unknown }[] = [];
  const heard = { events: [] as number[], resets: [] as Reset[], failures: [] as string[], cursors: [] as Cursor[] };
  const answers: (SyncReply | ParleyError)[] = [];
  const heads: ClientEvents['sync:heads']['reply'] = { userSeq: 0, storeEpoch: 'e1', conversations: [] };
  const pulls: unknown[] = [];
  const call = ((name: string, data: unknown) => {
    calls.push({ event: name, data });
    if (name === 'sync:heads') return Promise.resolve(heads);
    const answer = answers.shift() ?? reply();
    return answer instanceof ParleyError ? Promise.reject(answer) : Promise.resolve(answer);
  }) as unknown as Call;
  const inbox = new Inbox(
    {
      pull: (...asked) => {
        pulls.push(asked);
        return Promise.resolve([]);
      },
      deliver: () => undefined,
      skipped: () => undefined,
      advanced: () => undefined,
    },
    clock,
  );
  const sync = new Sync(
    {
      call,
      message: (message) => void inbox.offer(message),
      startOver: () => undefined,
      conversation: () => undefined,
      userEvent: ({ userSeq }) => heard.events.push(userSeq),
      reset: (reset) => heard.resets.push(reset),
      advanced: (moved) => heard.cursors.push(moved),
      failed: ({ code }) => heard.failures.push(code),
    },
    inbox,
    clock,
    cursor,
  );
  const names = () => calls.map((made) => made.event);
  return { clock, calls, names, heard, answers, heads, inbox, pulls, sync };
}

describe('a sync', () => {
  it('asks page after page with the same positions', async () => {
    const { sync, clock, calls, answers } = aSync({ userSeq: 3, storeEpoch: 'e1' });
    answers.push(reply({ userSeq: 3, nextPage: 'p2' }), reply({ userSeq: 3, nextPage: 'p3' }), reply({ userSeq: 3 }));
    sync.connected();
    await clock.advance(10);

    const request = { userSeq: 3, storeEpoch: 'e1', conversations: [] };
    expect(calls.map(({ data }) => data)).toEqual([request, { ...request, page: 'p2' }, { ...request, page: 'p3' }]);
  });

  it('gives user events once and in order, from pages and live, and asks again where one is missing', async () => {
    const { sync, clock, answers, heard, names } = aSync({ userSeq: 1, storeEpoch: 'e1' });
    answers.push(reply({ userSeq: 3, userEvents: [event(2), event(3)] }));
    sync.connected();
    await clock.advance(10);
    sync.userEvent(event(3));
    sync.userEvent(event(4));
    answers.push(reply({ userSeq: 6, userEvents: [event(5), event(6)] }));
    sync.userEvent(event(6));
    await clock.advance(10);

    expect(heard.events).toEqual([2, 3, 4, 5, 6]);
    expect(names()).toEqual(['sync', 'sync']);
    expect(heard.cursors.at(-1)).toEqual({ userSeq: 6, storeEpoch: 'e1' });
  });

  it('asks on where one answer could not hold all user events', async () => {
    const { sync, clock, answers, heard, names } = aSync();
    answers.push(reply({ userSeq: 2, userEvents: [event(1), event(2)], nextPage: 'p2' }), reply({ userSeq: 3 }));
    answers.push(reply({ userSeq: 3, userEvents: [event(3)] }));
    sync.connected();
    await clock.advance(10);

    expect(heard.events).toEqual([1, 2, 3]);
    expect(names()).toHaveLength(3);
  });

  it('is repeated until it is answered', async () => {
    const { sync, clock, answers, names } = aSync();
    const busy = new ParleyError('BUSY', 'busy', { retryAfterMs: 2000 });
    answers.push(busy, busy, reply());
    sync.connected();
    await clock.advance(1900);
    expect(names()).toHaveLength(1);
    await clock.advance(10_000);
    expect(names()).toHaveLength(3);
  });

  it('leaves nothing running when the connection is lost', async () => {
    const { sync, clock, answers, names } = aSync();
    answers.push(new ParleyError('BUSY', 'busy', { retryAfterMs: 2000 }));
    sync.connected();
    await clock.advance(10);
    sync.lost();
    await clock.advance(600_000);

    expect(names()).toEqual(['sync']);
    expect(clock.pending).toBe(0);
  });

  it('tells a restored store from a long absence', async () => {
    const { sync, clock, answers, heard } = aSync({ userSeq: 9, storeEpoch: 'e1' });
    answers.push(reply({ reset: 'snapshot', userSeq: 4 }));
    sync.connected();
    await clock.advance(10);
    answers.push(reply({ reset: 'snapshot', userSeq: 2, storeEpoch: 'e2' }));
    sync.request();
    await clock.advance(10);

    expect(heard.resets).toEqual([
      { storeEpoch: 'e1', reason: 'snapshot' },
      { storeEpoch: 'e2', reason: 'store' },
    ]);
    expect(heard.cursors.at(-1)).toEqual({ userSeq: 2, storeEpoch: 'e2' });
  });
});

describe('the check of the heads', () => {
  it('comes about once a minute and pulls what no frame has told of', async () => {
    const { sync, clock, names, heads, pulls } = aSync();
    sync.connected();
    await clock.advance(10);
    heads.conversations = [['group:g', 4]];
    await clock.advance(72_000);

    expect(names()).toEqual(['sync', 'sync:heads']);
    expect(pulls[0]).toEqual(['group:g', 0, 100]);
  });

  it('turns into a whole sync when the store is another one', async () => {
    const { sync, clock, names, heads } = aSync();
    sync.connected();
    await clock.advance(10);
    heads.storeEpoch = 'e2';
    await sync.check();
    await clock.advance(10);

    expect(names()).toEqual(['sync', 'sync:heads', 'sync']);
  });
});

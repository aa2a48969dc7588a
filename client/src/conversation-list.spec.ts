import fc from 'fast-check';
import { VirtualClock } from '../test/support/virtual-clock';
import type { WireConversation, WireMessage } from './catalogue';
import { ConversationList } from './conversation-list';
import { ParleyError } from './errors';
import { Gate } from './gate';

const GROUP = 'group:g';

const message = (seq: number, more: Partial<WireMessage> = {}): WireMessage => ({
  id: `m${seq}`,
  conversationId: GROUP,
  seq,
  from: 'bob',
  to: { kind: 'group', id: 'g' },
  clientMessageId: `client-message-${seq}`,
  type: 'text',
  body: { text: String(seq) },
  sentAt: '2026-01-01T00:00:00.000Z',
  revision: 0,
  ...more,
});

const line = (more: Partial<WireConversation> = {}): WireConversation => ({
  conversationId: GROUP,
  title: 'The group',
  maxSeq: 0,
  minSeq: 1,
  readSeq: 0,
  unread: 0,
  muted: false,
  pinned: false,
  ...more,
});

class World {
  readonly clock = new VirtualClock();
  readonly gate = new Gate();
  readonly told: WireConversation[] = [];
  readonly reads: string[] = [];
  heard = true;
  userId: string | undefined = 'ann';
  /** What the server answers; an error is thrown. */
  server: () => WireConversation | ParleyError = () => line();
  readonly list: ConversationList;

  constructor() {
    this.gate.open();
    this.list = new ConversationList(
      {
        read: (conversationId) => {
          this.reads.push(conversationId);
          const answer = this.server();
          return answer instanceof ParleyError ? Promise.reject(answer) : Promise.resolve(answer);
        },
        changed: (conversation) => this.told.push(conversation),
        isHeard: () => this.heard,
        userId: () => this.userId,
      },
      this.gate,
      this.clock,
    );
  }

  get last(): WireConversation | undefined {
    return this.told[this.told.length - 1];
  }
}

describe('a line of the conversation list', () => {
  it('changes with what is delivered: last message and unread', async () => {
    const { list, clock, told, reads } = new World();
    list.learn(line({ maxSeq: 3, unread: 2, readSeq: 1 }));
    list.delivered(message(4));
    await clock.advance(100);
    expect(told).toEqual([line({ maxSeq: 4, unread: 3, readSeq: 1, lastMessage: message(4) })]);
    expect(reads).toEqual([]);
  });

  it('is told once for many changes, the line that moved last at the end', async () => {
    const { list, clock, told } = new World();
    list.learn(line());
    list.learn(line({ conversationId: 'group:h' }));
    for (let seq = 1; seq <= 50; seq += 1) list.delivered(message(seq));
    list.delivered(message(1, { conversationId: 'group:h' }));
    list.delivered(message(51));
    await clock.advance(1000);
    expect(told.map(({ conversationId, maxSeq }) => [conversationId, maxSeq])).toEqual([
      ['group:h', 1],
      [GROUP, 51],
    ]);
  });

  it.each<[string, Partial<WireMessage>, number]>([
    ['another’s message', {}, 1],
    ['one’s own, from another device', { from: 'ann' }, 0],
    ['a command', { type: 'command' }, 0],
    ['a notice of what changed', { type: 'notice', from: null, body: { kind: 'joined', by: null, users: ['eve'] } }, 0],
    ['a notice of the app’s own words', { type: 'notice', from: null, body: { text: 'hear' } }, 1],
    ['what the app says', { from: null }, 1],
  ])('counts %s as the server does', async (_, more, unread) => {
    const world = new World();
    world.list.learn(line());
    world.list.delivered(message(1, more));
    await world.clock.advance(100);
    expect(world.last).toMatchObject({ maxSeq: 1, unread, lastMessage: { seq: 1 } });
  });

  it('does not move for the place of a message for others, whose seq it takes in', async () => {
    const { list, clock, told } = new World();
    list.learn(line({ maxSeq: 1, lastMessage: message(1) }));
    list.delivered(message(2, { type: 'hidden', from: null, body: {} }));
    await clock.advance(100);
    expect(told).toEqual([]);
    list.delivered(message(3));
    await clock.advance(100);
    expect(told).toMatchObject([{ maxSeq: 3, unread: 1 }]);
  });

  it('counts nothing twice that the server had counted when it told the line', async () => {
    const { list, clock, told } = new World();
    list.learn(line({ maxSeq: 5, unread: 5 }));
    for (let seq = 1; seq <= 5; seq += 1) list.delivered(message(seq));
    await clock.advance(100);
    expect(told).toEqual([]);
  });

  it('follows read marks, whether they come before or after the messages', async () => {
    const world = new World();
    const { list, clock } = world;
    list.learn(line({ maxSeq: 2, unread: 2 }));
    for (const seq of [3, 4, 5]) list.delivered(message(seq));
    list.read(GROUP, 4);
    await clock.advance(100);
    expect(world.last).toMatchObject({ readSeq: 4, unread: 1 });
    list.userEvent({ userSeq: 1, kind: 'read', at: '', data: { conversationId: GROUP, seq: 7 } });
    list.delivered(message(6));
    list.delivered(message(7));
    list.delivered(message(8));
    await clock.advance(100);
    expect(world.last).toMatchObject({ readSeq: 7, unread: 1, maxSeq: 8 });
    expect(world.reads).toEqual([]);
  });

  it('is read from the server where a mark falls into what the server counted', async () => {
    const world = new World();
    world.list.learn(line({ maxSeq: 9, unread: 9 }));
    world.server = () => line({ maxSeq: 9, unread: 5, readSeq: 4 });
    world.list.read(GROUP, 4);
    await world.clock.advance(2000);
    expect(world.told).toEqual([line({ maxSeq: 9, unread: 5, readSeq: 4 })]);
  });

  it('that is new here is read from the server, with what came meanwhile', async () => {
    const world = new World();
    world.server = () => line({ maxSeq: 3, unread: 3, title: 'New' });
    world.list.delivered(message(3));
    await world.clock.advance(100);
    world.list.delivered(message(4));
    await world.clock.advance(3000);
    expect(world.last).toMatchObject({ title: 'New', maxSeq: 3 });
    world.list.delivered(message(5));
    await world.clock.advance(100);
    expect(world.last).toMatchObject({ maxSeq: 5, unread: 4 });
  });

  it('is not asked about while nobody listens, and asked about once somebody does', async () => {
    const world = new World();
    world.heard = false;
    world.list.delivered(message(1));
    await world.clock.advance(2000);
    expect(world.reads).toEqual([]);
    world.heard = true;
    world.list.delivered(message(2));
    await world.clock.advance(2000);
    expect(world.reads).toEqual([GROUP]);
  });

  it('is asked about again after a failure, and after a reconnect; not when it is not there', async () => {
    const world = new World();
    const answers = [new ParleyError('BUSY', 'busy', { retryAfterMs: 100 }), line({ maxSeq: 1, unread: 1 })];
    world.server = () => answers.shift() ?? new ParleyError('CONVERSATION_NOT_FOUND', 'gone');
    world.list.delivered(message(1));
    await world.clock.advance(5000);
    expect([world.reads.length, world.last?.unread]).toEqual([2, 1]);

    world.gate.close();
    world.list.delivered(message(1, { conversationId: 'group:h' }));
    await world.clock.advance(60_000);
    expect(world.reads).toHaveLength(2);
    world.gate.open();
    world.list.connected();
    await world.clock.advance(60_000);
    expect(world.reads).toEqual([GROUP, GROUP, 'group:h']);
  });

  it('shows other devices’ choices, the peer’s marks and a message that changed', async () => {
    const world = new World();
    const { list, clock } = world;
    const peer = { userId: 'bob', deliveredSeq: 0, readSeq: 0 };
    list.learn(line({ maxSeq: 2, lastMessage: message(2), peer }));
    list.userEvent({ userSeq: 1, kind: 'conversation-changed', at: '', data: { conversationId: GROUP, pinned: true } });
    list.receipt({ conversationId: GROUP, userId: 'bob', kind: 'read', seq: 2 });
    list.changed(message(2, { revision: 1, body: { text: 'edited' } }));
    await clock.advance(100);
    expect(world.told).toMatchObject([
      {
        pinned: true,
        muted: false,
        peer: { deliveredSeq: 2, readSeq: 2 },
        lastMessage: { revision: 1, body: { text: 'edited' } },
      },
    ]);
  });

  it('is void when all lines follow', async () => {
    const { list, clock, told } = new World();
    list.learn(line({ maxSeq: 9 }));
    list.delivered(message(10));
    list.startOver();
    await clock.advance(100);
    expect(told).toEqual([]);
    expect(list.learn(line({ maxSeq: 2 }))).toEqual(line({ maxSeq: 2 }));
  });
});

describe('unread', () => {
  type Step =
    { kind: 'message'; from: 'ann' | 'bob' } | { kind: 'read'; back: number } | { kind: 'told'; late: number };
  const steps = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({ kind: fc.constant('message' as const), from: fc.constantFrom('ann', 'bob') }),
      },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), back: fc.nat({ max: 5 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('told' as const), late: fc.nat({ max: 5 }) }) },
    ),
    { maxLength: 40 },
  ) as fc.Arbitrary<Step[]>;

  it('is the server’s, whatever is delivered, read and told in whatever order', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const world = new World();
        const log: WireMessage[] = [];
        let readSeq = 0;
        const at = (maxSeq: number, read: number) =>
          line({
            maxSeq,
            readSeq: read,
            unread: log.filter(({ seq = 0, from }) => from === 'bob' && seq > read && seq <= maxSeq).length,
            ...(maxSeq > 0 && { lastMessage: log[maxSeq - 1] }),
          });
        world.server = () => at(log.length, readSeq);
        world.list.learn(at(0, 0));
        for (const step of plan) {
          if (step.kind === 'message') {
            log.push(message(log.length + 1, { from: step.from }));
            world.list.delivered(log[log.length - 1]);
          } else if (step.kind === 'read') {
            readSeq = Math.max(readSeq, log.length - step.back);
            world.list.read(GROUP, readSeq);
          } else {
            // An answer that the server gave a few messages ago.
            const maxSeq = Math.max(0, log.length - step.late);
            world.list.learn(at(maxSeq, Math.min(readSeq, maxSeq)));
          }
        }
        await world.clock.advance(30_000);
        const shown = world.list.learn(at(0, 0));
        expect(shown).toMatchObject({ unread: at(log.length, readSeq).unread, maxSeq: log.length, readSeq });
      }),
    );
  });
});

import fc from 'fast-check';
import { VirtualClock } from '../test/support/virtual-clock';
import type { WireMessage } from './catalogue';
import { ParleyError } from './errors';
import { Inbox, INBOX_DEFAULTS, type InboxOptions } from './inbox';
import type { Skipped } from './reader';

const CONVERSATION = 'group:g1';

const message = (seq: number, conversationId = CONVERSATION): WireMessage => ({
  id: `${conversationId}-${seq}`,
  conversationId,
  seq,
  from: 'ann',
  to: { kind: 'group', id: 'g1' },
  clientMessageId: `client-message-${seq}`,
  type: 'text',
  body: { text: String(seq) },
  sentAt: '2026-01-01T00:00:00.000Z',
  revision: 0,
});

const unavailable = () => new ParleyError('BUSY', 'busy', { retryAfterMs: 100 });

/** A server's log of one conversation, and an inbox that reads it. */
class World {
  log: WireMessage[] = [];
  readable = (_seq: number) => true;
  /** Taken from the front by each pull; `true` fails it. */
  failures: boolean[] = [];
  pulls = 0;
  readonly applied: number[] = [];
  readonly skips: Skipped[] = [];
  readonly inbox: Inbox;

  constructor(
    readonly clock = new VirtualClock(),
    options: Partial<InboxOptions> = {},
  ) {
    this.inbox = new Inbox(
      {
        pull: (conversationId, after, limit) => this.pull(conversationId, after, limit),
        deliver: ({ seq }) => this.applied.push(seq),
        skipped: (gap) => this.skips.push(gap),
        advanced: () => undefined,
      },
      clock,
      { ...INBOX_DEFAULTS, ...options },
    );
  }

  grow(upTo: number): void {
    while (this.log.length < upTo) this.log.push(message(this.log.length + 1));
  }

  connect(): void {
    this.inbox.learn({ conversationId: CONVERSATION, minSeq: 1, maxSeq: this.log.length });
    this.inbox.release();
  }

  private async pull(_conversationId: string, after: number, limit: number): Promise<WireMessage[]> {
    this.pulls += 1;
    await new Promise<void>((resolve) => this.clock.setTimeout(resolve, Math.floor(this.clock.random() * 700)));
    if (this.failures.shift()) throw unavailable();
    return this.log.filter(({ seq = 0 }) => seq > after && this.readable(seq)).slice(0, limit);
  }
}

const upTo = (max: number) => Array.from({ length: max }, (_, index) => index + 1);

type Step =
  | { kind: 'frame'; seq: number }
  | { kind: 'tip'; seq: number }
  | { kind: 'wait'; ms: number }
  | { kind: 'fail' }
  | { kind: 'lost' }
  | { kind: 'connected' };

const MAX = 40;
const steps = fc.array(
  fc.oneof(
    {
      weight: 10,
      arbitrary: fc.record({ kind: fc.constant('frame' as const), seq: fc.integer({ min: 1, max: MAX }) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('tip' as const), seq: fc.integer({ min: 1, max: MAX }) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 900 }) }) },
    fc.record({ kind: fc.constant('fail' as const) }),
    fc.record({ kind: fc.constant('lost' as const) }),
    fc.record({ kind: fc.constant('connected' as const) }),
  ),
  { maxLength: 80 },
);

async function play(world: World, script: readonly Step[]): Promise<void> {
  for (const step of script) {
    // What a frame or a tip speaks of has been committed before.
    if (step.kind === 'frame' || step.kind === 'tip') world.grow(step.seq);
    if (step.kind === 'frame') world.inbox.offer(message(step.seq));
    else if (step.kind === 'tip') world.inbox.tip(CONVERSATION, step.seq);
    else if (step.kind === 'wait') await world.clock.advance(step.ms);
    else if (step.kind === 'fail') world.failures.push(true);
    else if (step.kind === 'lost') world.inbox.hold();
    else world.connect();
  }
}

describe('an inbox', () => {
  it('applies exactly 1..max in order, whatever is dropped, doubled, reordered, cut off or refused on the way', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 8 }),
        async (script, chances, bufferMax, pullLimit) => {
          let turn = 0;
          const clock = new VirtualClock(() => chances[turn++ % chances.length] ?? 0);
          const world = new World(clock, { bufferMax, pullLimit });

          await play(world, script);
          world.connect();
          await clock.advance(10 * 60_000);

          expect(world.applied).toEqual(upTo(world.log.length));
          expect(world.skips).toEqual([]);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('holds live frames back until it has heard where things stand', async () => {
    const world = new World();
    world.grow(2);
    world.inbox.offer(message(1));
    await world.clock.advance(5000);
    expect(world.applied).toEqual([]);

    world.connect();
    await world.clock.advance(5000);
    expect(world.applied).toEqual([1, 2]);
  });

  it('gives a hole half a second to fill itself before it pulls', async () => {
    const world = new World();
    world.connect();
    world.grow(2);

    world.inbox.offer(message(2));
    await world.clock.advance(400);
    world.inbox.offer(message(1));
    await world.clock.advance(5000);

    expect(world.applied).toEqual([1, 2]);
    expect(world.pulls).toBe(0);
  });

  it('keeps the order for a listener that causes the next message to arrive while it handles this one', () => {
    const applied: number[] = [];
    const inbox: Inbox = new Inbox(
      {
        pull: () => Promise.resolve([]),
        deliver: ({ seq }) => {
          if (seq < 3) inbox.offer(message(seq + 1));
          applied.push(seq);
        },
        skipped: () => undefined,
        advanced: () => undefined,
      },
      new VirtualClock(),
    );
    inbox.release();

    inbox.offer(message(1));

    expect(applied).toEqual([1, 2, 3]);
  });

  it('leaps when it is too far behind, and says what it left out', async () => {
    const world = new World(new VirtualClock(), { catchUpLimit: 10 });
    world.grow(100);
    world.connect();
    await world.clock.advance(5000);

    expect(world.applied).toEqual(upTo(100).slice(90));
    expect(world.skips).toEqual([{ conversationId: CONVERSATION, from: 1, to: 90, reason: 'too-far' }]);
  });

  it('passes over a stretch that the server does not show to this user, and says so', async () => {
    const world = new World();
    world.grow(9);
    world.readable = (seq) => seq < 3 || seq > 6;
    world.connect();
    await world.clock.advance(5000);

    expect(world.applied).toEqual([1, 2, 7, 8, 9]);
    expect(world.skips).toEqual([{ conversationId: CONVERSATION, from: 3, to: 6, reason: 'unavailable' }]);
  });

  it('begins at minSeq in a conversation whose past is not shown', async () => {
    const world = new World();
    world.grow(9);
    world.inbox.learn({ conversationId: CONVERSATION, minSeq: 8, maxSeq: 9 });
    world.inbox.release();
    await world.clock.advance(5000);

    expect(world.applied).toEqual([8, 9]);
    expect(world.skips).toEqual([]);
  });

  it('begins a room with the first messages it is given', async () => {
    const world = new World();
    world.inbox.release();
    for (const seq of [992, 991, 993]) world.inbox.offer(message(seq, 'chatroom:r'));
    await world.clock.advance(1000);
    world.inbox.offer(message(994, 'chatroom:r'));

    expect(world.applied).toEqual([991, 992, 993, 994]);
    expect(world.pulls).toBe(0);
  });

  it('begins a room with the first of what came before the join was answered, a message too large to push too', async () => {
    const world = new World();
    world.log = upTo(9).map((seq) => message(seq, 'chatroom:r'));
    world.inbox.release();
    world.inbox.offer(message(7, 'chatroom:r'));
    world.inbox.tip('chatroom:r', 8);
    world.inbox.offer(message(9, 'chatroom:r'));
    world.inbox.joined('chatroom:r', 9);
    await world.clock.advance(5000);
    expect(world.applied).toEqual([7, 8, 9]);
  });

  it('pulls a room again that it pulled too early, before the join of the new connection was through', async () => {
    const clock = new VirtualClock();
    const applied: number[] = [];
    const pulls: ((error?: ParleyError) => void)[] = [];
    const pull = (_: string, after: number) =>
      new Promise<WireMessage[]>((resolve, reject) => {
        const log = upTo(8).slice(after);
        pulls.push((error) => (error ? reject(error) : resolve(log.map((seq) => message(seq, 'chatroom:r')))));
      });
    const deliver = ({ seq }: { seq: number }) => applied.push(seq);
    const inbox = new Inbox({ pull, deliver, skipped: () => undefined, advanced: () => undefined }, clock);
    inbox.release();
    inbox.joined('chatroom:r', 5);
    inbox.offer(message(7, 'chatroom:r'));
    inbox.hold();
    inbox.release();
    inbox.joined('chatroom:r', 8);
    pulls[0](new ParleyError('CONVERSATION_NOT_FOUND', 'not in yet'));
    await clock.advance(5000);
    pulls[1]?.();
    await clock.advance(5000);
    expect(applied).toEqual([6, 7, 8]);
  });

  it('hands out what has come of a room that one is put out of, and tells what is missing', async () => {
    const world = new World();
    world.inbox.release();
    world.inbox.joined('chatroom:r', 0);
    for (const seq of [1, 4, 5]) world.inbox.offer(message(seq, 'chatroom:r'));
    world.inbox.tip('chatroom:r', 7);
    world.inbox.putOut('chatroom:r');
    await world.clock.advance(60_000);
    expect(world.applied).toEqual([1, 4, 5]);
    expect(world.skips.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [2, 3, 'unavailable'],
      [6, 7, 'unavailable'],
    ]);
    expect(world.clock.pending).toBe(0);
  });

  it('drops what is not handed out yet of a room that one leaves', async () => {
    const world = new World();
    world.inbox.release();
    world.inbox.joined('chatroom:r', 0);
    world.inbox.offer(message(2, 'chatroom:r'));
    world.inbox.left('chatroom:r');
    await world.clock.advance(60_000);
    expect([world.applied, world.skips, world.clock.pending]).toEqual([[], [], 0]);
  });

  it('stops asking for what is definitely refused', async () => {
    const world = new World();
    world.connect();
    world.readable = () => {
      throw new ParleyError('CONVERSATION_NOT_FOUND', 'gone');
    };
    world.log = [message(1), message(2)];
    world.inbox.tip(CONVERSATION, 2);
    await world.clock.advance(60_000);

    expect(world.pulls).toBe(1);
    expect(world.clock.pending).toBe(0);
  });

  it('reads a restored store again from where that store ends', async () => {
    const world = new World();
    world.grow(7);
    world.connect();
    await world.clock.advance(5000);
    world.inbox.hold();

    world.log = world.log.slice(0, 5);
    world.inbox.rewind(new Map([[CONVERSATION, 5]]));
    world.connect();
    world.grow(6);
    world.inbox.offer(message(6));
    await world.clock.advance(5000);

    expect(world.applied).toEqual([1, 2, 3, 4, 5, 6, 7, 6]);
  });
});

import fc from 'fast-check';
import { VirtualClock } from '../test/support/virtual-clock';
import type { Call } from './calls';
import type { JoinedChatroom, WireMessage } from './catalogue';
import { ParleyError } from './errors';
import { Gate } from './gate';
import { Inbox, INBOX_DEFAULTS } from './inbox';
import type { Skipped } from './reader';
import { Visits } from './visits';

const ROOM = 'chatroom:lobby';
const HISTORY = 3;

const message = (seq: number): WireMessage => ({
  id: `m${seq}`,
  conversationId: ROOM,
  seq,
  from: 'bob',
  to: { kind: 'chatroom', id: 'lobby' },
  clientMessageId: `client-message-${seq}`,
  type: 'text',
  body: { text: String(seq) },
  sentAt: '2026-01-01T00:00:00.000Z',
  revision: 0,
});

const lost = () => new ParleyError('TIMEOUT', 'lost', { definite: false });

/** One room on a server, and one client that may lose its connection at any moment; all that is under way dies with it. */
class World {
  readonly gate = new Gate();
  readonly applied: number[] = [];
  readonly skips: Skipped[] = [];
  readonly inbox: Inbox;
  readonly visits: Visits;
  log = 0;
  /** Live frames that the server leaves out, as it may where a socket lags; it gives a hint afterwards. */
  dropping = 0;
  /** The place from which the connection's latest join was given all that follows; undefined while it is not in. */
  private inSince?: number;
  private connection = 0;
  /** When what the server writes next arrives at the earliest: one connection keeps its order. */
  private arrivesAt = 0;

  constructor(readonly clock: VirtualClock) {
    this.inbox = new Inbox(
      {
        pull: (_conversationId, after, limit) => this.call(() => this.page(after, limit)),
        deliver: ({ seq }) => this.applied.push(seq),
        skipped: (gap) => this.skips.push(gap),
        advanced: () => undefined,
      },
      clock,
      INBOX_DEFAULTS,
    );
    const call = (_event: string, { history }: { history?: number }) => this.call(() => this.join(history));
    const ports = { call: call as unknown as Call, rejoined() {}, left() {}, userId: () => 'ann' };
    this.visits = new Visits(ports, this.inbox, this.gate, clock);
  }

  say(): void {
    this.log += 1;
    if (this.inSince === undefined) return;
    if (this.dropping === 0) return this.write(this.log);
    this.dropping -= 1;
    const { connection } = this;
    const hint = () => connection === this.connection && this.visits.check();
    this.later(() => this.inOrder(hint), 2000);
  }

  lose(): void {
    this.connection += 1;
    this.inSince = undefined;
    this.gate.close();
    this.visits.lost();
    this.inbox.hold();
  }

  connect(): void {
    if (this.gate.isOpen) return;
    this.gate.open();
    this.visits.connected();
    // The sync of the other conversations is done a little later.
    const { connection } = this;
    this.later(() => connection === this.connection && this.inbox.release());
  }

  private write(seq: number): void {
    const { connection } = this;
    const arrive = () => {
      if (connection !== this.connection || !this.visits.hears('lobby')) return;
      this.inbox.offer(message(seq));
    };
    this.inOrder(arrive);
  }

  private join(history = HISTORY): JoinedChatroom {
    if (this.inSince === undefined) {
      for (let seq = Math.max(1, this.log - history + 1); seq <= this.log; seq += 1) this.write(seq);
      this.inSince = this.log;
    }
    return { chatroomId: 'lobby', conversationId: ROOM, memberCount: 1, attributes: {}, maxSeq: this.log, visit: 1 };
  }

  private page(after: number, limit: number): WireMessage[] {
    if (this.inSince === undefined) throw new ParleyError('CONVERSATION_NOT_FOUND', 'not in');
    return Array.from({ length: Math.min(limit, this.log - after) }, (_, index) => message(after + 1 + index));
  }

  /** Takes its time to get there and back, and is never answered when the connection is lost meanwhile. */
  private call<T>(work: () => T): Promise<T> {
    const { connection } = this;
    if (!this.gate.isOpen) return Promise.reject(lost());
    return new Promise((resolve, reject) => {
      const unlessLost = (done: () => void) => () => (connection === this.connection ? done() : reject(lost()));
      const handle = () => {
        try {
          const answer = work();
          this.inOrder(unlessLost(() => resolve(answer)));
        } catch (refusal) {
          // The real one takes its time for refusals, so that their time tells nothing.
          this.later(
            unlessLost(() => reject(ParleyError.of(refusal))),
            1500,
          );
        }
      };
      this.later(unlessLost(handle));
    });
  }

  private inOrder(arrive: () => void): void {
    this.arrivesAt = Math.max(this.arrivesAt, this.clock.now() + Math.floor(this.clock.random() * 700));
    this.clock.setTimeout(arrive, this.arrivesAt - this.clock.now());
  }

  private later(work: () => void, withinMs = 300): void {
    this.clock.setTimeout(work, Math.floor(this.clock.random() * withinMs));
  }
}

type Step = { kind: 'say' | 'lose' | 'connect' | 'drop' } | { kind: 'wait'; ms: number };

const steps = fc.array(
  fc.oneof(
    { weight: 10, arbitrary: fc.record({ kind: fc.constant('say' as const) }) },
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 900 }) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('lose' as const, 'connect' as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
  ),
  { maxLength: 60 },
) as fc.Arbitrary<Step[]>;

describe('a room that one is in', () => {
  it('is heard from the first message on without a gap, in order and once, however often the connection is lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }),
        async (script, chances) => {
          let turn = 0;
          const clock = new VirtualClock(() => chances[turn++ % chances.length] ?? 0);
          const world = new World(clock);
          for (let n = 0; n < 5; n += 1) world.say();
          world.connect();
          const joining = world.visits.join('lobby');
          for (const step of script) {
            if (step.kind === 'wait') await clock.advance(step.ms);
            else if (step.kind === 'say') world.say();
            else if (step.kind === 'lose') world.lose();
            else if (step.kind === 'connect') world.connect();
            else world.dropping += 1;
          }
          world.connect();
          await clock.advance(60_000);

          const { maxSeq } = await joining;
          const first = world.applied[0] ?? world.log + 1;
          expect(first).toBeLessThanOrEqual(maxSeq + 1);
          expect(world.applied).toEqual(Array.from({ length: world.log - first + 1 }, (_, index) => first + index));
          expect(world.skips).toEqual([]);
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });
});

import type { Applied, Event, FinalState, InvariantName, MarkSeen, Received, SendInvoke, SendOk } from './history';
import { check, INVARIANT_NAMES, type Violation } from './invariants';

const C = 't1|user:ann:bob';
const ANN = 't1/ann/d1';
const BOB = 't1/bob/d1';

/** A small world: ann writes to bob; each message is sent, acknowledged, shown and applied everywhere. */
class Story {
  events: Event[] = [];
  final: { -readonly [K in keyof FinalState]: FinalState[K] } & { rows: FinalState['rows'][number][] } = {
    rows: [],
    heads: new Map([[C, 0]]),
    members: new Map([[C, ['t1/ann', 't1/bob']]]),
    groups: new Map(),
    online: [ANN, BOB],
    fresh: [],
    behind: new Map(),
  };
  private clock = 0;

  now = (): number => ++this.clock;

  invoke(id: string, over: Partial<SendInvoke> = {}): SendInvoke {
    const event: SendInvoke = {
      ...{ type: 'send.invoke', at: this.now(), device: ANN, conversation: C, sender: 'ann', id, attempt: 1 },
      ...{ via: 'socket', text: `text ${id}`, have: 0 },
      ...over,
    };
    this.events.push(event);
    return event;
  }

  ok(id: string, seq: number, over: Partial<SendOk> = {}): void {
    const named = { device: ANN, conversation: C, sender: 'ann', id, attempt: 1 };
    const place = { seq, messageId: `m${seq}`, duplicate: false };
    this.events.push({ type: 'send.ok', at: this.now(), ...named, ...place, ...over });
  }

  fail(id: string, attempt: number, code: string): void {
    const named = { device: ANN, conversation: C, sender: 'ann', id, attempt };
    this.events.push({ type: 'send.fail', at: this.now(), ...named, code });
  }

  show(device: string, id: string, seq: number, over: Partial<Received> = {}): void {
    const named = { device, conversation: C, sender: 'ann', id, seq, messageId: `m${seq}` };
    this.events.push({ type: 'recv', at: this.now(), ...named, via: 'live', text: `text ${id}`, ...over });
  }

  apply(device: string, id: string, seq: number, over: Partial<Applied> = {}): void {
    const named = { device, conversation: C, sender: 'ann', id, seq, messageId: `m${seq}` };
    this.events.push({ type: 'apply', at: this.now(), ...named, ...over });
  }

  mark(device: string, readSeq: number, unread: number, over: Partial<MarkSeen> = {}): void {
    const began = this.now();
    const marks = { readSeq, unread, maxSeq: this.final.rows.length };
    this.events.push({ type: 'mark', began, at: this.now(), device, conversation: C, ...marks, ...over });
  }

  read(device: string, readSeq: number): void {
    const began = this.now();
    const asked = { asked: readSeq, have: readSeq, readSeq };
    this.events.push({ type: 'read.ok', began, at: this.now(), device, conversation: C, ...asked });
  }

  store(id: string, seq: number, over: Partial<FinalState['rows'][number]> = {}): void {
    this.final.rows.push({ conversation: C, seq, sender: 'ann', id, text: `text ${id}`, ...over });
    this.final.heads = new Map([[C, Math.max(seq, this.final.heads.get(C) ?? 0)]]);
  }

  /** A message without any trouble. */
  message(id: string, seq: number): this {
    this.invoke(id, { have: seq - 1 });
    this.ok(id, seq);
    this.store(id, seq);
    for (const device of [ANN, BOB]) {
      this.show(device, id, seq);
      this.apply(device, id, seq);
    }
    return this;
  }

  violations(): Violation[] {
    return check(this.events, this.final);
  }
}

const ordinary = (): Story => new Story().message('a', 1).message('b', 2);

describe('a history in which everything went well', () => {
  it('breaks nothing, whatever was retried, copied or read', () => {
    const story = ordinary();
    story.invoke('c', { have: 2 });
    story.events.push({
      ...{ type: 'send.info', at: story.now(), device: ANN, conversation: C, sender: 'ann', id: 'c' },
      ...{ attempt: 1, reason: 'timeout' },
    });
    story.invoke('c', { attempt: 2, have: 2 });
    story.ok('c', 3, { attempt: 2, duplicate: true });
    story.store('c', 3);
    for (const device of [ANN, BOB]) {
      story.show(device, 'c', 3, { via: 'pull' });
      story.apply(device, 'c', 3);
    }
    story.events.push({
      type: 'pull',
      began: story.now(),
      at: story.now(),
      device: BOB,
      conversation: C,
      after: 1,
      seqs: [2, 3],
    });
    story.read(BOB, 2);
    story.mark(BOB, 2, 1, { final: true });
    story.mark(ANN, 0, 0, { final: true });
    expect(story.violations()).toEqual([]);
  });

  it('may hold messages of unknown outcome, stored or not', () => {
    const story = ordinary();
    story.invoke('c');
    story.events.push({
      ...{ type: 'send.info', at: story.now(), device: ANN, conversation: C, sender: 'ann', id: 'c' },
      ...{ attempt: 1, reason: 'timeout' },
    });
    expect(story.violations()).toEqual([]);
  });

  it('may refuse a copy that left before its message was known, and a login that has ended', () => {
    const story = ordinary();
    story.invoke('c', { attempt: 2 });
    story.message('c', 3);
    story.fail('c', 2, 'MUTED');
    story.invoke('b', { attempt: 2 });
    story.fail('b', 2, 'TOKEN_REVOKED');
    expect(story.violations()).toEqual([]);
  });

  it('tells two tenants with the same ids apart', () => {
    const story = ordinary();
    const D = 't2|user:ann:bob';
    story.invoke('a', { conversation: D, device: 't2/ann/d1' });
    story.ok('a', 1, { conversation: D, device: 't2/ann/d1', messageId: 'other' });
    story.store('a', 1, { conversation: D });
    story.final.heads = new Map([
      [C, 2],
      [D, 1],
    ]);
    expect(story.violations()).toEqual([]);
  });
});

/** Bob has a phone and was away, and nothing is recorded about it. */
const away = (owed: string[]): FinalState['push'] => ({ records: [], phones: new Map([['t1/bob', ['phone']]]), owed });

/** One damage each; the invariant named must notice it. */
const DAMAGES: [InvariantName, string, (story: Story) => void][] = [
  ['I1', 'an acknowledged message that is not in the log', (s) => void (s.invoke('c'), s.ok('c', 3))],
  [
    'I1',
    'an acknowledged message that one device never applied',
    (s) => {
      s.message('c', 3);
      s.events = s.events.filter((event) => !(event.type === 'apply' && event.device === BOB && event.id === 'c'));
    },
  ],
  ['I2', 'a stored message that nobody sent', (s) => s.store('ghost', 3)],
  [
    'I2',
    'a stored message that was refused',
    (s) => {
      s.invoke('c');
      s.fail('c', 1, 'FORBIDDEN');
      s.store('c', 3);
    },
  ],
  [
    'I2',
    'a stored message that is refused when it is repeated',
    (s) => {
      s.invoke('b', { attempt: 2 });
      s.fail('b', 2, 'MUTED');
    },
  ],
  [
    'I2',
    'a message that others were shown, and its sender is told that it failed',
    (s) => {
      s.invoke('c');
      s.store('c', 3);
      s.show(BOB, 'c', 3);
      s.invoke('c', { attempt: 2 });
      s.fail('c', 2, 'NOT_MEMBER');
    },
  ],
  ['I2', 'a content that changed on its way', (s) => s.show(BOB, 'b', 2, { text: 'other' })],
  ['I2', 'a message shown and not stored', (s) => void (s.invoke('c'), s.show(BOB, 'c', 3))],
  ['I3', 'a message stored twice', (s) => s.store('b', 3)],
  ['I3', 'two places for one acknowledged message', (s) => s.ok('b', 3, { duplicate: true })],
  ['I3', 'a message applied twice', (s) => s.apply(BOB, 'b', 2)],
  ['I4', 'a hole in the log', (s) => s.message('d', 4)],
  ['I4', 'a head above the log', (s) => void (s.final.heads = new Map([[C, 3]]))],
  [
    'I4',
    'a page with a hole',
    (s) =>
      void s.events.push({
        type: 'pull',
        began: s.now(),
        at: s.now(),
        device: BOB,
        conversation: C,
        after: 0,
        seqs: [2],
      }),
  ],
  [
    'I4',
    'a head that falls',
    (s) => {
      const head = { type: 'head' as const, device: BOB, conversation: C, storeEpoch: 'e' };
      for (const maxSeq of [2, 1]) s.events.push({ ...head, began: s.now(), at: s.now(), maxSeq });
    },
  ],
  ['I5', 'a place that holds two messages', (s) => void (s.invoke('c'), s.show(BOB, 'c', 2, { messageId: 'm9' }))],
  ['I5', 'a message whose id differs between observers', (s) => s.show(BOB, 'b', 2, { messageId: 'm9' })],
  ['I5', 'a device that applies with a jump', (s) => s.apply('t1/bob/d2', 'b', 2)],
  [
    'I6',
    'a message sent after another was acknowledged, and standing before it',
    (s) => {
      s.invoke('x', { device: 't1/ann/d2' });
      s.ok('x', 4, { device: 't1/ann/d2' });
      s.store('x', 4);
      s.message('c', 3);
    },
  ],
  ['I6', 'an answer that stands before what it answers', (s) => void (s.invoke('c', { have: 3 }), s.store('c', 3))],
  [
    'I6',
    'a sender whose second message stands before its first',
    (s) => {
      s.invoke('c');
      s.invoke('d');
      s.store('d', 3);
      s.store('c', 4);
    },
  ],
  ['I7', 'a device that is late', (s) => void (s.final.behind = new Map([[BOB, 'seq 3']]))],
  ['I7', 'a new login that reads less than the log', (s) => void (s.final.fresh = ['t1/bob/new'])],
  ['I8', 'a read mark that falls', (s) => void (s.read(BOB, 2), s.read(BOB, 1))],
  ['I8', 'a read mark above the head', (s) => s.mark(BOB, 5, 0)],
  [
    'I8',
    'a read mark that was acknowledged and not kept',
    (s) => {
      const asked = { asked: 2, have: 2, readSeq: 1 };
      s.events.push({ type: 'read.ok', began: s.now(), at: s.now(), device: BOB, conversation: C, ...asked });
    },
  ],
  ['I8', 'an unread count that a recount denies', (s) => s.mark(BOB, 1, 2, { final: true })],
  [
    'I8',
    'devices of one user with different marks',
    (s) => void (s.mark(BOB, 1, 1, { final: true }), s.mark('t1/bob/d2', 2, 0, { final: true })),
  ],
  ['I9', 'a push of which nobody knows what became', (s) => void (s.final.push = away([]))],
  ['I10', 'an effect that is owed for ever', (s) => void (s.final.push = away(['1 effect']))],
  [
    'I11',
    "another tenant's canary",
    (s) => void s.events.push({ type: 'canary', at: s.now(), device: BOB, of: 't2', where: 'sync', shown: 'x' }),
  ],
  [
    'I11',
    'a question about another tenant that is answered',
    (s) => {
      const probe = { invariant: 'I11' as const, asks: 'a foreign user', expected: '404', got: '200' };
      s.events.push({ type: 'probe', at: s.now(), device: BOB, ...probe });
    },
  ],
  [
    'I12',
    'a send accepted after its session was ended',
    (s) => {
      s.events.push({ type: 'revoked', began: s.now(), at: s.now(), device: ANN });
      s.message('c', 3);
    },
  ],
  [
    'I12',
    'a connection let in after its session was ended',
    (s) => {
      s.events.push({ type: 'revoked', began: s.now(), at: s.now(), device: ANN });
      s.events.push({ type: 'conn', began: s.now(), at: s.now(), device: ANN });
    },
  ],
  ['I12', 'a message shown to a stranger', (s) => s.show('t1/eve/d1', 'b', 2)],
];

describe('a history with a damage', () => {
  it.each(DAMAGES)('breaks %s: %s', (invariant, _, damage) => {
    const story = ordinary();
    damage(story);
    const found = story.violations().filter((violation) => violation.invariant === invariant);
    expect(found.length).toBeGreaterThan(0);
    for (const { says, evidence } of found) expect({ says, some: evidence.length <= 4 }).toEqual({ says, some: true });
  });

  it('is known for every invariant', () => {
    expect([...new Set(DAMAGES.map(([invariant]) => invariant))].sort()).toEqual([...INVARIANT_NAMES].sort());
  });
});

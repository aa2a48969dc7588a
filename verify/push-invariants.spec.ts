import {
  type Event,
  type FinalState,
  type InvariantName,
  type PushAsked,
  type PushRecord,
  type StoredRow,
} from './history';
import { check, type Violation } from './invariants';

const C = 't1|user:ann:zoe';
const OLD = 't1/zoe/old';

/** Ann writes two messages to zoe, who is away with two phones. Both phones are told; the second message found one dead. */
class Away {
  readonly rows: StoredRow[] = [];
  events: Event[] = [];
  records: PushRecord[] = [];
  owed: string[] = [];
  phones = new Map([['t1/zoe', ['old', 'new']]]);
  private clock = 0;

  constructor() {
    this.said('one');
    this.asked(OLD, 1);
    this.asked('t1/zoe/new', 1);
    this.sent('old', 1);
    this.sent('new', 1);
    this.said('two');
    this.asked(OLD, 2);
    this.sent('old', 2);
    this.asked('t1/zoe/new', 2, { taken: false, status: 410 });
    this.records.push({ ...this.place(2), phone: 'new', status: 'failed', reason: 'token-dead' });
  }

  now = (): number => ++this.clock;

  place = (seq: number) => ({ conversation: C, seq, user: 'zoe' });

  said(id: string): void {
    const named = { device: 't1/ann/d1', conversation: C, sender: 'ann', id, attempt: 1 };
    this.events.push({ type: 'send.invoke', at: this.now(), ...named, via: 'socket', text: id, have: 0 });
    const seq = this.rows.length + 1;
    this.rows.push({ conversation: C, seq, sender: 'ann', id, text: id });
    this.events.push({ type: 'send.ok', at: this.now(), ...named, seq, messageId: `m${seq}`, duplicate: false });
  }

  asked(device: string, seq: number, over: Partial<PushAsked> = {}): void {
    const named = { device, conversation: C, seq, id: `id-${seq}`, collapseId: 'c' };
    this.events.push({ type: 'push', at: this.now(), ...named, taken: true, status: 200, ...over });
  }

  sent(phone: string, seq: number): void {
    this.records.push({ ...this.place(seq), phone, status: 'sent', providerId: `sent/id-${seq}` });
  }

  broken(at = this.now()): void {
    this.events.push({ type: 'fault', at, device: '-', fault: 'sending-kill', phase: 'begin' });
  }

  healed(at: number): void {
    this.events.push({ type: 'fault', at, device: '-', fault: 'sending-kill', phase: 'end' });
  }

  violations(): Violation[] {
    const final: FinalState = {
      ...{ rows: this.rows, heads: new Map([[C, this.rows.length]]), groups: new Map(), behind: new Map() },
      ...{ members: new Map([[C, ['t1/ann', 't1/zoe']]]), online: [], fresh: [] },
      push: { records: this.records, phones: this.phones, owed: this.owed },
    };
    return check(this.events, final);
  }
}

describe('somebody away for whom everything went well', () => {
  it('has one end for each message and phone, or one for all of them, whatever was tried how often', () => {
    const away = new Away();
    away.broken();
    away.asked(OLD, 2);
    away.said('three');
    away.records.push({ ...away.place(3), status: 'suppressed', reason: 'quiet-hours' });
    away.said('four');
    for (const phone of ['old', 'new']) away.records.push({ ...away.place(4), phone, status: 'failed' });
    expect(away.violations()).toEqual([]);
  });

  it('may be asked for once more by who could not note down that a token is dead', () => {
    const away = new Away();
    away.broken();
    away.asked('t1/zoe/new', 2, { at: 60_000, taken: false, status: 410 });
    expect(away.violations()).toEqual([]);
  });

  it('may be told again in the middle of a long fault, and not once it is over', () => {
    const away = new Away();
    away.broken(20_000);
    away.asked(OLD, 2, { at: 30_000 });
    away.asked(OLD, 2, { at: 45_000 });
    away.healed(50_000);
    expect(away.violations()).toEqual([]);
    away.asked(OLD, 2, { at: 60_000 });
    away.asked(OLD, 2, { at: 75_000 });
    expect(away.violations()).toHaveLength(1);
  });

  it('is told of a message that was decided about late under the id of the one before', () => {
    const away = new Away();
    away.asked(OLD, 2);
    away.said('three');
    away.records.push({ ...away.place(3), phone: 'new', status: 'failed', reason: 'token-dead' });
    away.records.push({ ...away.place(3), phone: 'old', status: 'sent', providerId: 'sent/id-2' });
    expect(away.violations()).toEqual([]);
  });
});

const DAMAGES: [InvariantName, string, (away: Away) => void][] = [
  ['I9', 'a message of which nobody knows what became', (a) => a.said('three')],
  ['I9', 'a phone of which nobody knows what became', (a) => void (a.said('three'), a.asked(OLD, 3), a.sent('old', 3))],
  ['I9', 'a push that no vendor took', (a) => void (a.events = a.events.filter((event) => event.type !== 'push'))],
  ['I9', 'a push that was refused and is recorded as sent', (a) => void (a.records.pop(), a.sent('new', 2))],
  ['I9', 'a dead token that is pushed to', (a) => a.asked('t1/zoe/new', 2, { at: 60_000 })],
  ['I9', 'two notifications where one should replace the other', (a) => a.asked(OLD, 2, { collapseId: 'd' })],
  ['I9', 'a notification that is repeated for no reason', (a) => a.asked(OLD, 2)],
  [
    'I9',
    'somebody without a phone of whom nothing is said',
    (a) => void (a.phones.set('t1/zoe', []), (a.records = [])),
  ],
  ['I10', 'something that is owed for ever', (a) => void a.owed.push('1 effects in the outbox')],
];

describe('somebody away with a damage', () => {
  it.each(DAMAGES)('breaks %s: %s', (invariant, _, damage) => {
    const away = new Away();
    damage(away);
    const found = away.violations().filter((violation) => violation.invariant === invariant);
    expect(found.length).toBeGreaterThan(0);
    for (const { says, evidence } of found) expect({ says, some: evidence.length <= 4 }).toEqual({ says, some: true });
  });
});

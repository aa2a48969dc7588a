import type { Change, Event, FinalState, InvariantName, StoredRow } from './history';
import { check, type Violation } from './invariants';

const R = 't1|chatroom:stage';
const ANN = 't1/ann/d1';
const BOB = 't1/bob/d1';

/** A room with four messages of ann. Bob joins after the second, is shown it, and hears the rest. */
class Stage {
  events: Event[] = [];
  readonly rows: StoredRow[] = [];
  private clock = 0;

  constructor() {
    this.said('one');
    this.said('two');
    this.joins(BOB, 2);
    this.hears(BOB, 2);
    this.said('three');
    this.hears(BOB, 3);
    this.said('four');
    this.hears(BOB, 4);
  }

  now = (): number => ++this.clock;

  /** Asks for the last message alone. */
  joins(device: string, maxSeq: number): void {
    this.events.push({ type: 'room.join', at: this.now(), device, conversation: R, history: 1 });
    this.events.push({ type: 'room.joined', at: this.now(), device, conversation: R, maxSeq });
  }

  said(id: string, device = ANN): void {
    const named = { device, conversation: R, sender: device.split('/')[1] ?? '', id, attempt: 1 };
    this.events.push({ type: 'send.invoke', at: this.now(), ...named, via: 'socket', text: id, have: 0 });
    const seq = this.rows.length + 1;
    this.rows.push({ conversation: R, seq, sender: named.sender, id, text: id });
    this.events.push({ type: 'send.ok', at: this.now(), ...named, seq, messageId: `m${seq}`, duplicate: false });
  }

  hears(device: string, seq: number): void {
    const { sender = '', id = '', text = '' } = this.rows[seq - 1] ?? {};
    const named = { device, conversation: R, sender, id, text, seq, messageId: `m${seq}` };
    this.events.push({ type: 'recv', at: this.now(), ...named, via: 'live' });
  }

  change(kind: Change['kind'], users: string[]): void {
    const asked = { device: 't1/-/server', conversation: R, outcome: 'ok' as const };
    this.events.push({ type: 'change', began: this.now(), at: this.now(), ...asked, kind, users });
  }

  out(device: string): void {
    this.events.push({ type: 'room.out', at: this.now(), device, conversation: R });
  }

  without(seq: number): void {
    this.events = this.events.filter((event) => !(event.type === 'recv' && event.seq === seq));
  }

  violations(): Violation[] {
    const final: FinalState = {
      ...{ rows: this.rows, heads: new Map([[R, this.rows.length]]), members: new Map(), groups: new Map() },
      ...{ online: [ANN, BOB], fresh: [], behind: new Map() },
    };
    return check(this.events, final);
  }
}

describe('a room in which everything went well', () => {
  it('breaks nothing: who was away missed something, and one hears nothing of what one said on the same connection', () => {
    const stage = new Stage();
    stage.said('five', BOB);
    stage.said('six');
    stage.hears(BOB, 6);
    stage.events.push({ type: 'disc', at: stage.now(), device: BOB, reason: 'cut' });
    stage.said('seven');
    stage.said('eight');
    stage.joins(BOB, 8);
    stage.hears(BOB, 8);
    expect(stage.violations()).toEqual([]);
  });

  it('may lose what a slow connection was told that it lost', () => {
    const stage = new Stage();
    stage.without(3);
    const [four] = stage.events.filter((event) => event.type === 'recv' && event.seq === 4);
    if (four)
      stage.events.splice(stage.events.indexOf(four), 0, { type: 'hint', at: 1, device: BOB, reason: 'lagging' });
    expect(stage.violations()).toEqual([]);
  });

  it('may let in again whom it put out', () => {
    const stage = new Stage();
    stage.out(BOB);
    stage.change('removed', ['bob']);
    stage.joins(BOB, 4);
    stage.hears(BOB, 4);
    stage.said('five', BOB);
    expect(stage.violations()).toEqual([]);
  });
});

const DAMAGES: [InvariantName, string, (stage: Stage) => void][] = [
  ['I3', 'a message heard twice', (s) => s.hears(BOB, 4)],
  ['I5', 'a message heard after a later one', (s) => void (s.without(3), s.hears(BOB, 3))],
  ['I7', 'a hole in what was heard', (s) => s.without(3)],
  ['I7', 'a listener that never heard the last', (s) => s.without(4)],
  ['I7', 'a newcomer that was not shown what was said last', (s) => s.without(2)],
  ['I12', 'a message heard without having joined', (s) => s.hears(ANN, 4)],
  [
    'I12',
    'a message said and heard after the listener was put out',
    (s) => {
      s.out(BOB);
      s.change('removed', ['bob']);
      s.said('five');
      s.hears(BOB, 5);
    },
  ],
  ['I12', 'a word of who was put out', (s) => void (s.change('removed', ['bob']), s.said('five', BOB))],
  [
    'I12',
    'a word of who was banned, though it joined again',
    (s) => {
      s.out(BOB);
      s.change('banned', ['bob']);
      s.joins(BOB, 4);
      s.hears(BOB, 4);
      s.said('five', BOB);
    },
  ],
  ['I12', 'a word of who was muted', (s) => void (s.change('muted', ['bob']), s.said('five', BOB))],
];

describe('a room with a damage', () => {
  it.each(DAMAGES)('breaks %s: %s', (invariant, _, damage) => {
    const stage = new Stage();
    damage(stage);
    const found = stage.violations().filter((violation) => violation.invariant === invariant);
    expect(found.length).toBeGreaterThan(0);
    for (const { says, evidence } of found) expect({ says, some: evidence.length <= 4 }).toEqual({ says, some: true });
  });
});

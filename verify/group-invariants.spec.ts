import type { Change, Event, FinalState, InvariantName, Received, StoredGroup, StoredRow } from './history';
import { check, type Violation } from './invariants';

const G = 't1|group:club';
const CONVERSATION_ID = 'group:club';
type Window = { joinSeq: number; hearSeq: number; leaveSeq: number | null };

/** A group of ann and bob; eve joins, is shown what is said, and is removed. */
class Club {
  readonly events: Event[] = [];
  readonly rows: StoredRow[] = [];
  readonly windows = new Map<string, Window>();
  history = false;
  private clock = 0;

  constructor() {
    this.change('created', ['ann', 'bob']);
    for (const user of ['ann', 'bob']) this.enters(user, 1);
    this.said('ann', 'one', ['ann', 'bob']);
    this.change('joined', ['eve']);
    this.enters('eve', 3);
    this.said('eve', 'two', ['ann', 'bob', 'eve']);
    this.change('removed', ['eve'], { device: 't1/ann/d1' });
    this.windows.set('eve', { joinSeq: 3, hearSeq: 3, leaveSeq: 5 });
    this.said('bob', 'three', ['ann', 'bob']);
  }

  now = (): number => ++this.clock;

  enters(user: string, seq: number): void {
    this.windows.set(user, { joinSeq: seq, hearSeq: seq, leaveSeq: null });
    if (seq > 1) this.applies(user, seq);
  }

  /** Asked for, acknowledged, and a line of the log. */
  change(kind: Change['kind'], users: string[], over: Partial<Change> = {}): Change {
    const change = this.asked(kind, users, over);
    const seq = this.rows.length + 1;
    const { all, admin, banned } = change;
    const notice = {
      kind,
      users,
      ...(all && { all }),
      ...(admin !== undefined && { admin }),
      ...(banned && { banned }),
    };
    this.rows.push({ conversation: G, seq, sender: '-', id: `n${seq}`, text: '', notice });
    for (const user of ['ann', 'bob']) this.applies(user, seq);
    return change;
  }

  asked(kind: Change['kind'], users: string[], over: Partial<Change> = {}): Change {
    const change: Change = {
      ...{ type: 'change', began: this.now(), at: this.now(), device: 't1/-/server', conversation: G },
      ...{ outcome: 'ok', kind, users },
      ...over,
    };
    this.events.push(change);
    return change;
  }

  said(sender: string, id: string, hearers: string[], recipients?: string[]): void {
    this.invoked(sender, id);
    const seq = this.rows.length + 1;
    const row = { conversation: G, seq, sender, id, text: id };
    this.rows.push({ ...row, ...(recipients && { recipients }) });
    this.acked(sender, id, seq);
    for (const user of hearers) this.applies(user, seq, !!recipients && user !== sender && !recipients.includes(user));
  }

  invoked(sender: string, id: string): void {
    const named = { device: `t1/${sender}/d1`, conversation: G, sender, id, attempt: 1 };
    this.events.push({ type: 'send.invoke', at: this.now(), ...named, via: 'socket', text: id, have: 0 });
  }

  acked(sender: string, id: string, seq: number): void {
    const named = { device: `t1/${sender}/d1`, conversation: G, sender, id, attempt: 1 };
    this.events.push({ type: 'send.ok', at: this.now(), ...named, seq, messageId: `m${seq}`, duplicate: false });
  }

  applies(user: string, seq: number, hidden = false): void {
    this.shown(user, seq, hidden ? { hidden } : {});
    const [named] = [this.events.at(-1) as Received];
    this.events.push({ ...named, type: 'apply', at: this.now() });
  }

  shown(user: string, seq: number, over: Partial<Received> = {}): void {
    const { sender = '-', id = '', text = '' } = this.rows[seq - 1] ?? {};
    const named = over.hidden ? { sender: '-', id: `${CONVERSATION_ID}#${seq}`, text: '' } : { sender, id, text };
    const seen = { at: this.now(), device: `t1/${user}/d1`, conversation: G, seq, messageId: `m${seq}` };
    this.events.push({ type: 'recv', ...seen, ...named, via: 'live', ...over });
  }

  violations(): Violation[] {
    const inside = [...this.windows].filter(([, { leaveSeq }]) => leaveSeq === null).map(([user]) => user);
    const group: StoredGroup = { history: this.history, members: inside, windows: this.windows };
    const final: FinalState = {
      rows: this.rows,
      heads: new Map([[G, this.rows.length]]),
      members: new Map([[G, inside.map((user) => `t1/${user}`)]]),
      groups: new Map([[G, group]]),
      online: ['t1/ann/d1', 't1/bob/d1'],
      fresh: [],
      behind: new Map(),
    };
    return check(this.events, final);
  }
}

describe('a group in which everything went well', () => {
  it('breaks nothing, whoever came, went, and heard only the place of what was directed to others', () => {
    const club = new Club();
    club.said('ann', 'secret', ['ann', 'bob'], ['ann']);
    club.change('muted', [], { all: true });
    club.said('ann', 'by the owner', ['ann', 'bob']);
    club.change('unmuted', [], { all: true });
    expect(club.violations()).toEqual([]);
  });

  it('may hold changes of unknown outcome, done or not, and may refuse what comes after', () => {
    const club = new Club();
    club.asked('joined', ['eve'], { outcome: 'info' });
    club.change('admin-changed', ['bob'], { admin: true, outcome: 'info' });
    club.asked('removed', ['ann'], { outcome: 'fail', code: 'OWNER_MUST_TRANSFER' });
    expect(club.violations()).toEqual([]);
  });
});

const late = (club: Club, seqs: number[]): void => {
  const page = { device: 't1/eve/d1', conversation: G, after: 3, seqs };
  club.events.push({ type: 'pull', began: club.now(), at: club.now(), ...page });
};

const DAMAGES: [InvariantName, string, (club: Club) => void][] = [
  ['I1', 'a removal that was acknowledged and is not in the log', (c) => void c.asked('removed', ['bob'])],
  [
    'I1',
    'what was said while a member was in, and never reached it',
    (c) => void c.events.splice(c.events.findIndex((event) => event.type === 'apply' && event.seq === 6)),
  ],
  ['I2', 'a change that nobody asked for', (c) => void (c.change('dissolved', []), c.events.splice(-5, 1))],
  ['I2', 'a change that was refused', (c) => void c.change('muted', ['bob'], { outcome: 'fail' })],
  [
    'I3',
    'a change that was made twice',
    (c) => {
      c.change('muted', ['bob']);
      const again = { ...(c.rows.at(-1) as StoredRow), seq: 8, id: 'n8' };
      c.rows.push(again);
    },
  ],
  ['I5', 'a device that jumps to where no window begins', (c) => c.applies('eve', 7)],
  ['I7', 'a member that is shown only the place of what it may see', (c) => c.shown('ann', 6, { hidden: true })],
  ['I12', 'a frame after the removal', (c) => c.shown('eve', 6)],
  ['I12', 'a frame from before the joining', (c) => c.shown('eve', 2)],
  [
    'I12',
    'a live frame from before the joining where only history may be read',
    (c) => {
      c.history = true;
      for (const [user, window] of c.windows) c.windows.set(user, { ...window, joinSeq: 1 });
      c.shown('eve', 2);
    },
  ],
  ['I12', 'a page asked for after the removal was acknowledged', (c) => late(c, [4])],
  ['I12', 'a table that opens a window earlier than the log', (c) => void c.enters('eve', 2)],
  ['I12', 'a member of the log that is none of the table', (c) => void c.windows.delete('bob')],
  ['I12', 'who went and was not in', (c) => void c.change('left', ['eve'])],
  ['I12', 'who came and was in', (c) => void c.change('joined', ['bob'])],
  ['I12', 'a word from outside', (c) => c.said('eve', 'still here', ['ann', 'bob'])],
  ['I12', 'a word of a muted member', (c) => void (c.change('muted', ['bob']), c.said('bob', 'mmm', ['ann', 'bob']))],
  [
    'I12',
    'a word of a member while all are muted',
    (c) => void (c.change('muted', [], { all: true }), c.said('bob', 'mmm', ['ann', 'bob'])),
  ],
  [
    'I12',
    'a send after its mute was acknowledged, stored before it',
    (c) => {
      c.said('bob', 'mmm', ['ann', 'bob']);
      const [invoke] = c.events.filter((event) => event.type === 'send.invoke' && event.id === 'mmm');
      if (invoke) c.events.splice(c.events.indexOf(invoke), 1);
      c.change('muted', ['bob'], { began: 0.1, at: 0.2 });
      c.invoked('bob', 'mmm');
      c.acked('bob', 'mmm', 7);
    },
  ],
  ['I12', 'a word after the end', (c) => void (c.change('dissolved', []), c.said('ann', 'hello?', ['ann', 'bob']))],
  ['I12', 'a secret told to others', (c) => void (c.said('ann', 's', ['ann'], ['ann']), c.shown('bob', 7))],
  ['I12', 'a secret for somebody outside', (c) => c.said('ann', 's', ['ann', 'bob'], ['eve'])],
];

describe('a group with a damage', () => {
  it.each(DAMAGES)('breaks %s: %s', (invariant, _, damage) => {
    const club = new Club();
    damage(club);
    const found = club.violations().filter((violation) => violation.invariant === invariant);
    expect(found.length).toBeGreaterThan(0);
    for (const { says, evidence } of found) expect({ says, some: evidence.length <= 4 }).toEqual({ says, some: true });
  });
});

import { randomBytes } from 'node:crypto';
import { Bus } from '../../src/platform/realtime/bus';
import {
  aChatroom,
  anApp,
  aSession,
  aUser,
  type TestApp,
  type TestChatroom,
  type TestSession,
} from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { connect, type Device } from '../support/socket';

const SEED = Number(process.env.ROOM_SEED ?? 20_261_121);
const ROUNDS = Number(process.env.ROOM_ROUNDS ?? 80);
const AT_ONCE = 5;
const USERS = 5;
const HISTORY = 10;
/** Lost frames of each kind per hundred on the bus. */
const LOST = { 'chatroom:message': 15, 'chatroom:changed': 8 };

jest.setTimeout(120_000);

/** mulberry32: the same run for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** One stay of a socket in the room: what it received and what it sent. */
interface Stay {
  who: string;
  /** `maxSeq` of the join's answer; live messages follow it. */
  from: number;
  /** Range of the device's received messages that belong to this stay. */
  start: number;
  end?: number;
  /** Messages sent by this socket in any stay; a node may deliver them to it after it has rejoined. */
  own: ReadonlySet<number>;
  /** When its user's removal was answered; messages sent later must not reach it. */
  removedAt?: number;
}

interface Participant {
  session: TestSession;
  device: Device;
  own: Set<number>;
  stay?: Stay;
}

/** Checks what a stay received: history, then every message once and in order, up to `last` unless it has ended. @returns the faults */
function faultsOf(stay: Stay, device: Device, last: number, sentAt: ReadonlyMap<number, number>): string[] {
  const seqs = device.heard
    .slice(stay.start, stay.end)
    .flatMap(({ event, data }) => (event === 'message:new' ? [(data as { seq: number }).seq] : []));
  const problems: string[] = [];
  const history = seqs.filter((seq) => seq <= stay.from);
  const live = seqs.filter((seq) => seq > stay.from);
  const first = Math.max(1, stay.from - HISTORY + 1);
  const wanted = Array.from({ length: Math.max(0, stay.from - first + 1) }, (_, n) => first + n);
  if (history.join() !== wanted.join()) problems.push(`${stay.who}: history ${history.join()} for ${stay.from}`);
  const end = stay.end === undefined ? last : Math.max(0, ...live);
  const expected: number[] = [];
  for (let seq = stay.from + 1; seq <= end; seq++) if (!stay.own.has(seq)) expected.push(seq);
  if (live.join() !== expected.join()) problems.push(`${stay.who}: from ${stay.from} to ${end} heard ${live.join()}`);
  const late = live.filter((seq) => stay.removedAt !== undefined && (sentAt.get(seq) ?? 0) > stay.removedAt);
  if (late.length > 0) problems.push(`${stay.who}: heard ${late.join()} after it was removed`);
  return problems;
}

describe('the story of a room', () => {
  let parley: Parley;
  let nodes: Parley[];
  let app: TestApp;
  let room: TestChatroom;
  const participants: Participant[] = [];
  const stays: { stay: Stay; device: Device }[] = [];
  /** When each message was sent, by seq. */
  const sentAt = new Map<number, number>();
  const acknowledged = new Map<string, number>();
  const next = numbers(SEED);
  const one = <T>(of: readonly T[]): T => of[next(of.length)];

  beforeAll(async () => {
    parley = await startParley({ LIMIT_ROOM_SENDS_PER_SECOND: '100000' });
    nodes = [parley, await parley.another()];
    app = await anApp(parley);
    room = await aChatroom(app);
    for (let n = 0; n < USERS; n++) {
      const session = await aSession(await aUser(app));
      for (const [index, node] of nodes.entries()) {
        participants.push({
          session,
          own: new Set(),
          device: await connect(node.url, session.token, { id: `${n}-${index}`, platform: `p${index}` }),
        });
      }
    }
    // The bus loses frames without its own counters noticing, which is the worst case.
    for (const node of nodes) {
      const bus = node.app.get(Bus, { strict: false });
      const say = bus.toAll.bind(bus) as (name: string, frame: unknown) => void;
      const lossy = (name: string, frame: unknown): void => {
        const lost = LOST[name as keyof typeof LOST] ?? 0;
        if (next(100) >= lost) say(name, frame);
      };
      bus.toAll = lossy;
    }
  });
  afterAll(async () => {
    for (const { device } of participants) device.close();
    for (const node of nodes) await node.stop();
  });

  async function join(participant: Participant): Promise<void> {
    if (participant.stay) return;
    const start = participant.device.heard.length;
    const ack = await participant.device.ask('chatroom:join', { chatroomId: room.chatroomId, history: HISTORY });
    if (!ack.ok) return expect(ack.error.code).toBe('BANNED');
    const who = `${participant.session.user.userId} on ${String(participants.indexOf(participant) % 2)}`;
    participant.stay = { who, from: ack.data.maxSeq, start, own: participant.own };
    stays.push({ stay: participant.stay, device: participant.device });
  }

  async function leave(participant: Participant): Promise<void> {
    const { stay } = participant;
    if (!stay) return;
    participant.stay = undefined;
    await participant.device.tell('chatroom:leave', { chatroomId: room.chatroomId });
    stay.end = participant.device.heard.length;
  }

  async function send(participant: Participant): Promise<void> {
    const clientMessageId = randomBytes(12).toString('hex');
    const asked = performance.now();
    const to = { kind: 'chatroom' as const, id: room.chatroomId };
    const ack = await participant.device.ask('message:send', {
      to,
      clientMessageId,
      type: 'text',
      body: { text: 'x' },
    });
    if (!ack.ok) return expect(['NOT_MEMBER', 'BANNED']).toContain(ack.error.code);
    const seq = ack.data.seq ?? 0;
    sentAt.set(seq, asked);
    acknowledged.set(clientMessageId, seq);
    participant.own.add(seq);
  }

  /** Ends the stays of all of a user's sockets; messages sent after the answer must not reach them. */
  async function remove({ session: { user } }: Participant, ban: boolean): Promise<void> {
    const mine = participants.filter(({ session }) => session.user === user);
    const path = `/v1/chatrooms/${room.chatroomId}`;
    const api = one(nodes).api.as(app.credential);
    const { status } = await (ban
      ? api.put(`${path}/bans/${user.userId}`, {})
      : api.delete(`${path}/members/${user.userId}`));
    if (status !== 204) return expect(status).toBe(404);
    const at = performance.now();
    for (const participant of mine) {
      if (!participant.stay) continue;
      participant.stay.removedAt = at;
      const { stay, device } = participant;
      participant.stay = undefined;
      await device.next(
        'chatroom:event',
        ({ kind, users }) => kind === (ban ? 'banned' : 'removed') && users.includes(user.userId),
      );
      stay.end = device.heard.length;
    }
    if (ban) await ok(api.delete(`${path}/bans/${user.userId}`));
  }

  it(`is the same for everybody, whatever happens at once and whichever frames are lost between nodes (seed ${SEED})`, async () => {
    for (const participant of participants) await join(participant);
    for (let round = 0; round < ROUNDS; round++) {
      const busy = new Set<TestSession>();
      const sending = new Set<TestSession>();
      const asked: Promise<void>[] = [];
      for (let n = 0; n < AT_ONCE; n++) {
        const participant = one(participants);
        const what = next(20);
        // Joins, departures and removals of one user run one after another, so that the expected outcome is known.
        if (busy.has(participant.session)) continue;
        if (what < 13) {
          sending.add(participant.session);
          asked.push(send(participant));
        } else if (!sending.has(participant.session)) {
          busy.add(participant.session);
          asked.push(what < 16 ? join(participant) : what < 18 ? leave(participant) : remove(participant, what === 19));
        }
      }
      await Promise.all(asked);
    }
    for (const participant of participants) await join(participant);
    const [last] = participants;
    await send(last);
    const maxSeq = Math.max(...sentAt.keys());

    const faults = () => stays.flatMap(({ stay, device }) => faultsOf(stay, device, maxSeq, sentAt));
    await eventually('everybody has heard all', () => faults().length === 0, 20_000).catch(() => undefined);
    expect(faults()).toEqual([]);
    expect(stays.length).toBeGreaterThan(USERS * 2 + 10);
    const [log] = await parley.sql.rows<{ n: number; last: number }>(
      `SELECT COUNT(*) AS n, MAX(m.seq) AS last FROM messages m JOIN conversations c ON c.id = m.conversationPk
         JOIN chatrooms r ON r.id = c.lowPk WHERE c.kind = 3 AND r.chatroomId = ?`,
      [room.chatroomId],
    );
    expect([log?.n, log?.last]).toEqual([acknowledged.size, maxSeq]);
    expect(await parley.sql.rows('SELECT id FROM outbox')).toEqual([]);
  });
});

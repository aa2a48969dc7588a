import type { Socket } from 'socket.io-client';
import { Encoded } from '../../src/platform/realtime/live';
import { APP_PK, aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(60_000);
const STREAM = 42;

describe('what a conversation says to many', () => {
  let node: RealtimeNode;
  beforeAll(async () => {
    node = await aRealtimeNode({});
  });
  afterAll(() => node.close());

  /** User ids nobody has are members who are away. */
  const members = (count: number, ...present: number[]): number[] => [
    ...present,
    ...Array.from({ length: count - present.length }, (_, i) => 1_000_000 + i),
  ];
  const say = (
    userPks: readonly number[],
    number: number,
    more: { exceptSocketId?: string; onWritten?: () => void } = {},
  ) =>
    node.live.toUsers(
      APP_PK,
      userPks,
      'typing',
      { conversationId: 'c', userId: `${number}`, typing: true },
      {
        stream: STREAM,
        ...more,
      },
    );
  const numbers = (heard: [string, unknown][]): number[] =>
    heard.map(([, data]) => Number((data as { userId: string }).userId));

  it('is heard in the order in which it was said, while the number of its hearers changes', async () => {
    const clients = await Promise.all([1, 2, 3].map((user) => node.connect(user)));
    const heard = clients.map((client: Socket) => hearing(client));
    const sizes = [3, 5000, 10, 300, 3, 65, 64, 5000, 3];
    for (let round = 0; round < 20; round++) {
      sizes.forEach((size, i) => say(members(size, 1, 2, 3), round * sizes.length + i));
      if (round % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const total = 20 * sizes.length;
    await until('all have heard all', () => heard.every(({ length }) => length === total));
    for (const one of heard) expect(numbers(one)).toEqual(Array.from({ length: total }, (_, i) => i));
  });

  it('is heard by who was not there when the members were looked through, and not by who is of another app', async () => {
    const everybody = members(5000, 11, 12);
    const first = hearing(await node.connect(11));
    say(everybody, 1);
    await until('the first', () => first.length === 1);
    const second = hearing(await node.connect(12));
    say(everybody, 2);
    await until('both', () => first.length === 2 && second.length === 1);
    node.live.toUsers(
      APP_PK + 1,
      everybody,
      'typing',
      { conversationId: 'c', userId: '3', typing: true },
      { stream: STREAM },
    );
    say(everybody, 4);
    await until('the end', () => numbers(first).at(-1) === 4 && numbers(second).at(-1) === 4);
    expect(numbers(first)).toEqual([1, 2, 4]);
    expect(numbers(second)).toEqual([2, 4]);
  });

  it('is not heard by the socket that said it, but by the other devices of its user', async () => {
    const sender = await node.connect(21);
    const other = hearing(await node.connect(21));
    const own = hearing(sender);
    const everybody = members(1000, 21);
    say(everybody, 1, { exceptSocketId: sender.id });
    say(everybody, 2);
    say(everybody, 3, { exceptSocketId: sender.id });
    say(everybody, 4);
    await until('both', () => numbers(own).at(-1) === 4 && numbers(other).at(-1) === 4);
    expect(numbers(own)).toEqual([2, 4]);
    expect(numbers(other)).toEqual([1, 2, 3, 4]);
  });

  it('and is told to pull from keeps its place among the rest', async () => {
    const heard = hearing(await node.connect(31));
    const everybody = members(1000, 31);
    say(everybody, 1);
    node.live.toUsers(APP_PK, everybody, 'conversation:tip', { conversationId: 'c', maxSeq: 7 }, { stream: STREAM });
    say(everybody, 2);
    await until('all', () => heard.length === 3);
    expect(heard.map(([event]) => event)).toEqual(['typing', 'conversation:tip', 'typing']);
  });

  it('beyond what may wait, is where its log ends, and what no log can give again', async () => {
    const heard = hearing(await node.connect(51));
    const everybody = members(5000, 51);
    const written: number[] = [];
    const last = 300;
    for (let seq = 1; seq <= last; seq++) {
      const message = new Encoded(JSON.stringify({ seq, text: 'x'.repeat(1000) }), {
        conversationId: 'c',
        maxSeq: seq,
      });
      const options = { stream: STREAM, onWritten: () => written.push(seq) };
      node.live.toUsers(APP_PK, everybody, 'message:new', message, options);
      if (seq % 100 === 0) say(everybody, seq);
    }
    await until('all is written', () => written.length === last);
    const ends = (): number[] =>
      heard.map(
        ([, data]) => (data as { maxSeq?: number; seq?: number }).maxSeq ?? (data as { seq?: number }).seq ?? 0,
      );
    await until('the end is known', () => Math.max(...ends()) === last);
    expect(heard.some(([event]) => event === 'conversation:tip')).toBe(true);
    expect(heard.filter(([event]) => event === 'typing')).toHaveLength(3);
    const messages = heard.filter(([event]) => event === 'message:new');
    expect(messages.length).toBeLessThan(100);
    // What comes when there is room again is said in full.
    node.live.toUsers(
      APP_PK,
      everybody,
      'message:new',
      new Encoded('{"seq":301}', { conversationId: 'c', maxSeq: 301 }),
      { stream: STREAM },
    );
    await until('the next', () => heard.some(([, data]) => (data as { seq?: number }).seq === 301));
  });

  it('is said to be written when it is, to few and to many', async () => {
    const heard = hearing(await node.connect(41));
    for (const size of [1, 5000]) {
      const before = heard.length;
      await new Promise<void>((resolve) => say(members(size, 41), size, { onWritten: resolve }));
      await until('it arrives', () => heard.length === before + 1);
    }
  });
});

import { frameOf } from '../../src/platform/realtime/frame';
import { counts } from '../../src/platform/realtime/metrics';
import { RawSocket } from '../support/raw-socket';
import { APP_PK, aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(90_000);
const MIB = 1024 * 1024;

describe('a client that stops reading', () => {
  let node: RealtimeNode;
  beforeAll(async () => {
    node = await aRealtimeNode({ REALTIME_LAGGING_MS: '1500', LIMIT_CALLS_BURST: '100000' });
  });
  afterAll(() => node.close());

  it('costs bounded memory while 100 MB are sent to it, loses its connection, and harms nobody', async () => {
    const reader = await node.connect(1, { transports: ['websocket'] });
    const heard = hearing(reader);
    const deaf = await RawSocket.open(node.port, '2');
    deaf.tcp.pause();
    const held = [...node.connections.ofUser(2)][0];
    if (!held) throw new Error('not connected');

    const body = 'x'.repeat(4000);
    const rssBefore = process.memoryUsage.rss();
    let waitingMax = 0;
    const total = (100 * MIB) / 4000;
    for (let i = 0; i < total; i++) {
      node.live.toUsers(APP_PK, [2], 'user:event', { userSeq: i, kind: 'read', at: '', data: { body } });
      if (i % 100 === 0) node.live.toUsers(APP_PK, [1], 'user:event', { userSeq: i, kind: 'read', at: '', data: {} });
      if (i % 200 === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        waitingMax = Math.max(waitingMax, (held.socket.conn as unknown as Engine).transport.socket.bufferedAmount);
      }
    }
    expect(waitingMax).toBeLessThan(MIB);
    expect(process.memoryUsage.rss() - rssBefore).toBeLessThan(80 * MIB);
    expect(held.laggingSince).toBeGreaterThan(0);

    // What is small enough for the kernel's buffers may still leave; going on shows that nobody reads.
    await until('the slow socket is closed', () => {
      for (let i = 0; i < 100; i++) {
        node.live.toUsers(APP_PK, [2], 'user:event', { userSeq: i, kind: 'read', at: '', data: { body } });
      }
      return !node.connections.has(2);
    });
    await until('the reader heard all', () => heard.length === Math.ceil(total / 100));
    expect(heard.map(([, data]) => (data as { userSeq: number }).userSeq)).toEqual(heard.map((_, i) => i * 100));
    expect(reader.connected).toBe(true);
    deaf.tcp.destroy();
  });

  it('and asks for more and more answers is not read any more, and closed when it takes none of them', async () => {
    const deaf = await RawSocket.open(node.port, '3');
    const [held] = [...node.connections.ofUser(3)];
    if (!held) throw new Error('not connected');
    const closedBefore = counts.laggingClosed;
    deaf.tcp.pause();
    let waitingMax = 0;
    let asked = 0;
    const ask = (): void => deaf.send(`42${asked++}["conversation:pull",{"conversationId":"c","limit":100000}]`);
    for (let i = 0; i < 300; i++) {
      ask();
      if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
      waitingMax = Math.max(waitingMax, (held.socket.conn as unknown as Engine).transport.socket.bufferedAmount);
    }
    // A kernel may take all the answers that were made so far; going on shows that nobody reads.
    await until('closed', () => {
      ask();
      ask();
      return !node.connections.has(3);
    });
    expect(counts.laggingClosed).toBe(closedBefore + 1);
    expect(waitingMax).toBeLessThan(MIB);
    deaf.tcp.destroy();
  });

  it('for a while is answered all that it asked for, in time and whatever the size', async () => {
    const raw = await RawSocket.open(node.port, '5');
    raw.tcp.pause();
    for (let i = 0; i < 64; i++) raw.send(`42${i}["conversation:pull",{"conversationId":"c","limit":100000}]`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(node.connections.has(5)).toBe(true);
    raw.tcp.resume();
    await until('all answers', () => raw.texts.filter((text) => text.startsWith('43')).length === 64);
    raw.send('4299["typing",{"conversationId":"c"}]');
    await raw.hears((text) => text.startsWith('4399'));
    raw.tcp.destroy();
  });

  it('is not closed for one answer of many times the bound, and hears the live events that follow', async () => {
    const small = await aRealtimeNode({ REALTIME_LAGGING_BYTES: '16384', REALTIME_DISCONNECT_BYTES: '65536' });
    const client = await small.connect(1, { transports: ['websocket'] });
    const heard = hearing(client);
    const asked = client.emitWithAck('conversation:pull', { conversationId: 'c', limit: 100_000 });
    small.live.toUsers(APP_PK, [1], 'user:event', { userSeq: 1, kind: 'read', at: '', data: {} });
    expect(await asked).toMatchObject({ ok: true });
    await until('the event', () => heard.length === 1);
    expect(heard[0]?.[0]).toBe('user:event');
    await small.close();
  });

  it('and reads on hears one hint to sync, then live events again', async () => {
    const raw = await RawSocket.open(node.port, '4');
    const [connection] = [...node.connections.ofUser(4)];
    if (!connection) throw new Error('not connected');
    raw.tcp.pause();
    const say = (i: number): void =>
      node.live.toUsers(APP_PK, [4], 'user:event', { userSeq: i, kind: 'read', at: 'x'.repeat(4000), data: {} });
    for (let i = 0; connection.laggingSince === 0; i++) {
      say(i);
      await new Promise((resolve) => setImmediate(resolve));
    }
    say(-1);
    raw.tcp.resume();
    await raw.hears((text) => text === '42["sync:hint",{"reason":"lagging"}]');
    say(-2);
    await raw.hears((text) => text.includes('"userSeq":-2'));
    expect(raw.texts.filter((text) => text.includes('sync:hint'))).toHaveLength(1);
    expect(raw.texts.some((text) => text.includes('"userSeq":-1'))).toBe(false);
    raw.tcp.destroy();
  });
});

describe('a message too large to be pushed', () => {
  it('becomes a tip, at most one a second a socket, with the highest seq', async () => {
    const node = await aRealtimeNode({});
    const client = await node.connect(1);
    const heard = hearing(client);
    for (let seq = 1; seq <= 5; seq++) {
      node.live.toUsers(APP_PK, [1], 'message:new', {
        id: `${seq}`,
        conversationId: 'group:g',
        seq,
        from: null,
        to: { kind: 'group', id: 'g' },
        clientMessageId: '',
        type: 'text',
        body: { text: '汉'.repeat(3000) },
        sentAt: '',
        revision: 0,
      });
    }
    await until('the second tip', () => heard.length === 2);
    expect(heard).toEqual([
      ['conversation:tip', { conversationId: 'group:g', maxSeq: 1 }],
      ['conversation:tip', { conversationId: 'group:g', maxSeq: 5 }],
    ]);
    await node.close();
  });
});

describe('an encoded frame', () => {
  it.each([1, 100, 125, 126, 200, 65_500, 70_000])('of about %i bytes is what Socket.IO would send', async (size) => {
    const node = await aRealtimeNode({});
    const raw = await RawSocket.open(node.port, '1');
    const [connection] = [...node.connections.ofUser(1)];
    if (!connection) throw new Error('not connected');
    const data = { text: 'é'.repeat(size / 2) };
    connection.socket.emit('user:event', data);
    node.live.toUsers(APP_PK, [1], 'user:event', data as never);
    await until('both', () => raw.texts.length === 4);
    expect(raw.texts[3]).toBe(raw.texts[2]);
    expect(raw.texts[2]).toBe(`4${frameOf('user:event', JSON.stringify(data)).text}`);
    raw.tcp.destroy();
    await node.close();
  });
});

interface Engine {
  transport: { socket: { bufferedAmount: number } };
}

import fc from 'fast-check';
import type { Socket } from 'socket.io-client';
import { Channel } from '../../src/platform/realtime/channel';
import type { Connection } from '../../src/platform/realtime/connection';
import { frameOf } from '../../src/platform/realtime/frame';
import { Outbound } from '../../src/platform/realtime/outbound';
import { Passes } from '../../src/platform/realtime/passes';
import { RawSocket } from '../support/raw-socket';
import { aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(90_000);

const numbered = (number: number) => frameOf('message:new', `{"seq":${number}}`);
const END = frameOf('user:event', '{}');

/** The numbers that a client heard, whichever way they were packed. */
const numbersIn = (heard: readonly [event: string, data: unknown][]): number[] =>
  heard.flatMap(([event, data]) => {
    if (event === 'message:new') return [(data as { seq: number }).seq];
    return event === 'message:batch' ? (data as { messages: { seq: number }[] }).messages.map(({ seq }) => seq) : [];
  });

describe('the listeners of a room on one node', () => {
  let node: RealtimeNode;
  let users = 0;
  const clients: Socket[] = [];
  beforeAll(async () => {
    node = await aRealtimeNode({});
  });
  afterAll(async () => {
    // A polling client says goodbye with one more request.
    for (const client of clients) client.disconnect();
    const gone = (): boolean => clients.every(({ io }) => io.engine.readyState === 'closed');
    await until('everybody has left', () => node.connections.count === 0 && gone());
    await node.close();
  });

  const aChannel = (): Channel => new Channel(node.app.get(Passes), node.app.get(Outbound));

  async function aListener(
    transport: 'websocket' | 'polling' = 'websocket',
    features: string[] = [],
  ): Promise<{ client: Socket; connection: Connection; heard: [string, unknown][] }> {
    const user = ++users;
    const client = await node.connect(user, {
      transports: [transport],
      upgrade: false,
      auth: { token: `${user}`, features },
    });
    clients.push(client);
    const [connection] = [...node.connections.ofUser(user)];
    if (!connection) throw new Error('not connected');
    return { client, connection, heard: hearing(client) };
  }

  it('hear all that is published while they are in, in order, whatever their transport and features', async () => {
    const listeners = [
      await aListener(),
      await aListener('websocket', ['batch']),
      await aListener('polling'),
      await aListener('polling', ['batch']),
    ];
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant<'publish'>('publish') },
      { weight: 1, arbitrary: fc.constant<'turn'>('turn') },
      {
        weight: 2,
        arbitrary: fc.record({ who: fc.nat(listeners.length - 1), join: fc.boolean() }),
      },
    );
    let seq = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        const channel = aChannel();
        // What each must hear since it last came, and may hear of its stays before: a prefix of each.
        const stays = listeners.map(() => [] as number[][]);
        const inside = new Set<number>();
        listeners.forEach(({ heard }) => (heard.length = 0));
        const before = seq;
        for (const one of steps) {
          if (one === 'turn') await new Promise((resolve) => setImmediate(resolve));
          else if (one === 'publish') {
            channel.publish(numbered(++seq));
            for (const who of inside) stays[who]?.at(-1)?.push(seq);
          } else {
            const connection = listeners[one.who]?.connection;
            if (!connection || inside.has(one.who) === one.join) continue;
            if (one.join) {
              channel.add(connection);
              inside.add(one.who);
              stays[one.who]?.push([]);
            } else {
              channel.remove(connection);
              inside.delete(one.who);
            }
          }
        }
        for (const who of inside) {
          const last = stays[who]?.at(-1) ?? [];
          if (last.length > 0)
            await until('the last message', () => numbersIn(listeners[who]?.heard ?? []).at(-1) === last.at(-1));
        }
        listeners.forEach(({ heard }, who) => {
          // What was on its way to one who left may arrive in the next run.
          const numbers = numbersIn(heard).filter((number) => number > before);
          stays[who]?.forEach((stay, index, all) => {
            const ofStay = numbers.filter((number) => stay.includes(number));
            expect(ofStay).toEqual(stay.slice(0, ofStay.length));
            if (inside.has(who) && index === all.length - 1) expect(ofStay).toEqual(stay);
          });
          expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          expect(new Set(numbers).size).toBe(numbers.length);
          expect(stays[who]?.flat()).toEqual(expect.arrayContaining(numbers));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('hear what waits together in one message:batch if they can read it', async () => {
    const channel = aChannel();
    const [plain, first, second] = [
      await aListener(),
      await aListener('websocket', ['batch']),
      await aListener('polling', ['batch']),
    ];
    for (const { connection } of [plain, first, second]) channel.add(connection);
    for (const seq of [1, 2, 3]) channel.publish(numbered(seq));
    const all = [plain, first, second];
    await until('all', () => all.every(({ heard }) => numbersIn(heard).length === 3));
    expect(plain.heard.map(([event]) => event)).toEqual(['message:new', 'message:new', 'message:new']);
    expect(first.heard).toEqual([['message:batch', { messages: [{ seq: 1 }, { seq: 2 }, { seq: 3 }] }]]);
    expect(second.heard).toEqual(first.heard);
  });

  it('take what waits together in one write of a buffer that they share', async () => {
    const channel = aChannel();
    const batching = () => aListener('websocket', ['batch']);
    const listeners = [await aListener(), await aListener(), await batching(), await batching()];
    const written: Buffer[] = [];
    for (const { connection } of listeners) {
      const { _sender: sender } = (connection.socket.conn as unknown as Engine).transport.socket;
      const send = sender.sendFrame.bind(sender);
      sender.sendFrame = (list: [Buffer]) => {
        written.push(...list);
        send(list);
      };
      channel.add(connection);
    }
    for (let seq = 1; seq <= 10; seq++) channel.publish(numbered(seq));
    await until('all', () => listeners.every(({ heard }) => numbersIn(heard).length === 10));
    expect(written).toHaveLength(4);
    expect(written[1]).toBe(written[0]);
    expect(written[3]).toBe(written[2]);
  });

  it('do not hear what they sent themselves; their other devices do', async () => {
    const channel = aChannel();
    const [sender, other] = [await aListener(), await aListener()];
    for (const { connection } of [sender, other]) channel.add(connection);
    channel.publish(numbered(1), sender.connection.socket.id);
    channel.publish(numbered(2), other.connection.socket.id);
    channel.publish(numbered(3), sender.connection.socket.id);
    channel.publish(END);
    await until('both', () => [sender, other].every(({ heard }) => heard.at(-1)?.[0] === 'user:event'));
    expect([sender, other].map(({ heard }) => numbersIn(heard))).toEqual([[2], [1, 3]]);
  });

  it('do not suffer from one that stops reading, which is held back and told so when it reads on', async () => {
    const channel = aChannel();
    const reader = await aListener();
    const user = ++users;
    const deaf = await RawSocket.open(node.port, `${user}`);
    const [connection] = [...node.connections.ofUser(user)];
    if (!connection) throw new Error('not connected');
    deaf.tcp.pause();
    channel.add(reader.connection);
    channel.add(connection);
    let seq = 0;
    const body = 'x'.repeat(8000);
    while (connection.laggingSince === 0) {
      channel.publish(frameOf('message:new', `{"seq":${++seq},"body":"${body}"}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let more = 0; more < 2000; more++) {
      channel.publish(frameOf('message:new', `{"seq":${++seq},"body":"${body}"}`));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { transport } = connection.socket.conn as unknown as Engine;
    expect(transport.socket.bufferedAmount).toBeLessThan(512 * 1024);
    await until('the reader heard all', () => reader.heard.length === seq);
    expect(numbersIn(reader.heard)).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
    deaf.tcp.resume();
    await deaf.hears((text) => text === '42["sync:hint",{"reason":"lagging"}]');
    channel.publish(END);
    await deaf.hears((text) => text === `4${END.text}`);
    deaf.tcp.destroy();
  });

  it('lose the oldest, never the newest, where far more is published than can be written', async () => {
    const channel = aChannel();
    const listener = await aListener();
    channel.add(listener.connection);
    const body = 'x'.repeat(8000);
    for (let seq = 1; seq <= 500; seq++) channel.publish(frameOf('message:new', `{"seq":${seq},"body":"${body}"}`));
    await until('the newest', () => numbersIn(listener.heard).at(-1) === 500);
    const numbers = numbersIn(listener.heard);
    expect(numbers.length).toBeLessThan(40);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, i) => 501 - numbers.length + i));
  });
});

interface Engine {
  transport: { socket: { bufferedAmount: number; _sender: { sendFrame(list: [Buffer]): void } } };
}

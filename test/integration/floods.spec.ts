import type { Socket } from 'socket.io-client';
import { RawSocket } from '../support/raw-socket';
import { aRealtimeNode, hearing, type RealtimeNode, until } from '../support/realtime-node';

jest.setTimeout(60_000);

const PING = 9;
const BINARY = 2;
const CLOSED = '42["session:closed",{"code":"RATE_LIMITED"}]';

/** What a client may send without end, that no handler ever sees or that is refused each time. */
const FLOODS: [string, (socket: RawSocket, n: number) => void][] = [
  ['unknown events', (socket) => socket.send('42["nonsense",{}]')],
  ['unknown events that want an answer', (socket, n) => socket.send(`42${n}["nonsense",{}]`)],
  ['events of a wrong shape', (socket) => socket.send('42["typing",{"x":1}]')],
  ['acknowledgements of nothing', (socket, n) => socket.send(`43${n}[{"ok":true}]`)],
  ['pings of the WebSocket', (socket) => socket.send('', PING)],
  [
    'binary events',
    (socket) => {
      socket.send('451-["typing",{"_placeholder":true,"num":0}]');
      socket.send(Buffer.from('x'), BINARY);
    },
  ],
  ['pongs of Engine.IO', (socket) => socket.send('3')],
];

describe('a socket that floods', () => {
  let node: RealtimeNode;
  let bystander: Socket;
  beforeAll(async () => {
    node = await aRealtimeNode({});
    bystander = await node.connect(1);
  });
  afterAll(() => node.close());

  it.each(FLOODS.map(([name, one], index) => [name, one, index] as const))(
    'of %s is told so and closed, and nobody else waits for it',
    async (_, one, index) => {
      const raw = await RawSocket.open(node.port, `${100 + index}`);
      let slowest = 0;
      for (let n = 0; n < 20_000 && !raw.closed; n++) {
        one(raw, n);
        if (n % 500 !== 0) continue;
        const asked = performance.now();
        expect(await bystander.emitWithAck('typing', { conversationId: 'c' })).toMatchObject({ ok: true });
        slowest = Math.max(slowest, performance.now() - asked);
      }
      await raw.ends();
      expect(raw.texts).toContain(CLOSED);
      expect(node.connections.has(100 + index)).toBe(false);
      expect(slowest).toBeLessThan(500);
    },
  );

  it('has spent what its user has: a new one is closed sooner', async () => {
    const answersUntilClosed = async (): Promise<number> => {
      const raw = await RawSocket.open(node.port, '150');
      for (let n = 0; n < 10_000 && !raw.closed; n++) raw.send(`42${n}["nonsense",{}]`);
      await raw.ends();
      return raw.texts.filter((text) => text.startsWith('43')).length;
    };
    const first = await answersUntilClosed();
    expect(await answersUntilClosed()).toBeLessThan(first);
  });

  it('in one polling request of thousands of packets is closed, and its packets are read in many turns', async () => {
    const poll = await Polling.open(node.url, '200');
    node.gateway.heard.length = 0;
    const turns = countTurns();
    await poll.post(Array(5000).fill('42["typing",{"conversationId":"polled"}]').join('\u001e'));
    expect(turns()).toBeGreaterThan(10);
    expect(node.gateway.heard.length).toBeLessThan(1000);
    expect(await poll.read()).toContain(CLOSED);
    await until('it is gone', () => !node.connections.has(200));
  });

  it('no: one that sends all that its rates allow, at once, is answered every time', async () => {
    const client = await node.connect(300);
    const heard = hearing(client);
    const answers = await Promise.all(
      Array.from({ length: 380 }, () => client.emitWithAck('typing', { conversationId: 'c' })),
    );
    expect(answers).toEqual(Array(380).fill({ ok: true, data: {} }));
    expect(heard).toEqual([]);
  });

  it('no: packets of one polling request are handled in their order, and before it is answered', async () => {
    const poll = await Polling.open(node.url, '301');
    node.gateway.heard.length = 0;
    const ids = Array.from({ length: 100 }, (_, i) => `${i}`);
    const body = ids.map((conversationId) => `42${JSON.stringify(['typing', { conversationId }])}`).join('\u001e');
    expect(await poll.post(body)).toBe(200);
    expect(node.gateway.heard).toEqual(ids.map((conversationId) => ({ conversationId })));
  });
});

describe('a frame that is too large to be read', () => {
  let node: RealtimeNode;
  beforeAll(async () => {
    node = await aRealtimeNode({ LIMIT_FRAME_BYTES: '4096' });
  });
  afterAll(() => node.close());
  const frame = (bytes: number): string => `421["typing",{"conversationId":"${'x'.repeat(bytes)}"}]`;
  const closed = '42["session:closed",{"code":"TOO_LARGE"}]';

  it('on a WebSocket ends it, and says why first', async () => {
    const raw = await RawSocket.open(node.port, '1');
    raw.send(frame(5 * 4096));
    await raw.ends();
    expect(raw.texts.at(-1)).toBe(closed);
  });

  it('by polling ends it, and says why first', async () => {
    const poll = await Polling.open(node.url, '2');
    await poll.post(frame(5 * 4096));
    expect(await poll.read()).toContain(closed);
    await until('it is gone', () => !node.connections.has(2));
  });

  it('up to four times the limit is answered, on both transports', async () => {
    const raw = await RawSocket.open(node.port, '3');
    raw.send(frame(3 * 4096));
    expect(await raw.hears((text) => text.startsWith('431'))).toContain('"TOO_LARGE"');
    const poll = await Polling.open(node.url, '4');
    await poll.post(frame(3 * 4096));
    expect(await poll.read()).toContain('"code":"TOO_LARGE","message"');
    raw.tcp.destroy();
  });

  it('before anybody was let in ends the connection', async () => {
    const raw = await RawSocket.open(node.port);
    raw.send(`40{"token":"${'x'.repeat(17_000)}"}`);
    await raw.ends();
  });
});

describe('a connection that nobody is let in by', () => {
  it('is gone after ten seconds, on both transports, whether it was silent or refused', async () => {
    const node = await aRealtimeNode({});
    const silent = await RawSocket.open(node.port);
    const refused = await RawSocket.open(node.port);
    refused.send('40{"token":"who"}');
    await refused.hears((text) => text.startsWith('44'));
    await Polling.open(node.url);
    const { clients } = (node.dispatcher.server as unknown as { engine: { clients: object } }).engine;
    expect(Object.keys(clients)).toHaveLength(3);
    await until('all are gone', () => Object.keys(clients).length === 0, 10_000);
    await Promise.all([silent.ends(3000), refused.ends(3000)]);
    await node.close();
  });

  it('is closed when it sends more than it takes to be let in', async () => {
    const node = await aRealtimeNode({});
    const raw = await RawSocket.open(node.port);
    for (let n = 0; n < 100; n++) raw.send('', PING);
    await raw.ends(3000);
    await node.close();
  });
});

describe('wrong tokens in handshakes', () => {
  it('are limited for their address, like wrong credentials over REST, while good ones come in', async () => {
    const node = await aRealtimeNode({ LIMIT_LOGINS_BURST: '5', LIMIT_LOGINS_PER_SECOND: '1' });
    const codes: string[] = [];
    const guess = async (): Promise<void> => {
      const raw = await RawSocket.open(node.port);
      raw.send('40{"token":"who"}');
      codes.push(/"code":"(\w+)"/.exec(await raw.hears((text) => text.startsWith('44')))?.[1] ?? '');
      raw.tcp.destroy();
    };
    await Promise.all(Array.from({ length: 20 }, guess));
    expect(new Set(codes)).toEqual(new Set(['UNAUTHENTICATED', 'RATE_LIMITED']));
    expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(10);
    const asked = performance.now();
    await node.connect(1);
    expect(performance.now() - asked).toBeLessThan(2000);
    await node.close();
  });
});

/** How many turns of the event loop have passed since. */
function countTurns(): () => number {
  let turns = 0;
  let on = true;
  const next = (): void => {
    turns++;
    if (on) setImmediate(next);
  };
  setImmediate(next);
  return () => {
    on = false;
    return turns;
  };
}

/** A polling client of few words. */
class Polling {
  private constructor(private readonly address: string) {}

  static async open(url: string, token?: string): Promise<Polling> {
    const base = `${url}/socket.io/?EIO=4&transport=polling`;
    const { sid } = JSON.parse((await (await fetch(base)).text()).slice(1)) as { sid: string };
    const polling = new Polling(`${base}&sid=${sid}`);
    if (token !== undefined) {
      await polling.post(`40${JSON.stringify({ token })}`);
      await polling.read();
    }
    return polling;
  }

  async post(body: string): Promise<number> {
    return (await fetch(this.address, { method: 'POST', body, headers: { 'content-type': 'text/plain' } })).status;
  }

  async read(): Promise<string> {
    return (await fetch(this.address)).text();
  }
}

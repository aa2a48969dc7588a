import { ParleyClient, type ConnectionState, type ParleyClientOptions, type WireMessage } from '../src';
import { FakeServer, tokenOf } from './support/fake-server';
import { eventually } from './support/eventually';

const CONVERSATION = 'user:ann:bob';
const seqs = (messages: WireMessage[]) => messages.map(({ seq }) => seq);
const upTo = (max: number) => Array.from({ length: max }, (_, index) => index + 1);

let server: FakeServer;
const clients: ParleyClient[] = [];

beforeEach(async () => {
  server = await new FakeServer().listen();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.stop()));
  await server.close();
});

function aClient(userId: string, more: Partial<ParleyClientOptions> = {}) {
  const client = new ParleyClient({
    url: server.url,
    login: { appId: 'app', appToken: 'app-token', userId },
    device: { id: `${userId}-device`, platform: 'test' },
    callTimeoutMs: 300,
    ...more,
  });
  const states: ConnectionState[] = [];
  const messages: WireMessage[] = [];
  client.on('state', (state) => states.push(state));
  client.on('message', (message) => messages.push(message));
  clients.push(client);
  return { client, states, messages, names: () => states.map(({ name }) => name) };
}

async function online(userId: string, more: Partial<ParleyClientOptions> = {}) {
  const made = aClient(userId, more);
  await made.client.start();
  await eventually(() => expect(made.client.state.name).toBe('connected'));
  return made;
}

describe('connection states', () => {
  it('are connecting, then connected', async () => {
    const { names } = await online('ann');
    expect(names()).toEqual(['connecting', 'connected']);
  });

  it('are connecting, then connect-failed with code and text when the login is refused, and no further attempt', async () => {
    const { client, states } = aClient('ann', { login: { appId: 'app', account: 'ann', password: 'wrong' } });
    await expect(client.start()).rejects.toMatchObject({ code: 'BAD_CREDENTIALS', definite: true });

    expect(states).toEqual([
      { name: 'connecting' },
      { name: 'connect-failed', code: 'BAD_CREDENTIALS', text: 'refused: BAD_CREDENTIALS', final: true },
    ]);
    expect(server.handshakes).toBe(0);
  });

  it('carry the reason of a refused handshake', async () => {
    server.handshake = { code: 'APP_NOT_ONLINE' };
    const { client } = aClient('ann');
    await expect(client.start()).rejects.toMatchObject({ code: 'APP_NOT_ONLINE', definite: true });
    expect(client.state).toMatchObject({ name: 'connect-failed', code: 'APP_NOT_ONLINE', final: true });
  });

  it('leave nobody waiting who sent something meanwhile; it stays queued, and the next start sends it', async () => {
    server.handshake = { code: 'APP_NOT_ONLINE' };
    const { client, messages } = aClient('ann');
    const sent = expect(client.sendText('bob', 'before')).rejects.toMatchObject({
      code: 'APP_NOT_ONLINE',
      definite: false,
    });
    await expect(client.start()).rejects.toMatchObject({ code: 'APP_NOT_ONLINE' });
    await sent;
    await expect(client.sendText('bob', 'after')).rejects.toMatchObject({ code: 'APP_NOT_ONLINE', definite: false });
    expect(client.pending.map(({ body }) => body)).toEqual([{ text: 'before' }, { text: 'after' }]);

    server.handshake = undefined;
    await client.start();
    await eventually(() => expect(messages.map(({ body }) => body)).toEqual([{ text: 'before' }, { text: 'after' }]));
    expect(client.pending).toEqual([]);
  });

  it('are waited for by start: it resolves when connected, or when the network is what failed', async () => {
    const { client } = aClient('ann');
    await client.start();
    expect(client.state.name).toBe('connected');
    const away = aClient('ann', { url: 'http://127.0.0.1:9' });
    await away.client.start();
    expect(away.names()).toContain('connect-failed');
  });

  it('go on to reconnecting after a refusal for now, and to connected when that is over', async () => {
    server.handshake = { code: 'BUSY', retryAfterMs: 10 };
    const { client, states, names } = aClient('ann');
    await client.start();
    await eventually(() => expect(names()).toContain('reconnecting'));
    server.handshake = undefined;
    await eventually(() => expect(client.state.name).toBe('connected'));

    expect(states[1]).toMatchObject({ name: 'connect-failed', code: 'BUSY', final: false });
  });

  it('end in closed after stop, and begin again with start', async () => {
    const { client } = await online('ann');
    await client.stop();
    expect(client.state.name).toBe('closed');
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));
    expect(server.logins).toBe(1);
  });
});

describe('reconnecting', () => {
  it('follows when the server closes the socket (E31)', async () => {
    const { client, names } = await online('ann');
    server.sockets('ann').forEach((socket) => socket.disconnect(true));
    await eventually(() => expect(names()).toContain('reconnecting'));
    await eventually(() => expect(client.state.name).toBe('connected'));
  });

  it('is given up after the allowed number of attempts, and start logs in anew (E31)', async () => {
    const { client } = await online('ann', { reconnectAttemptsMax: 2 });
    server.handshake = { code: 'RETRY', retryAfterMs: 1 };
    server.sockets('ann').forEach((socket) => socket.disconnect(true));
    await eventually(() => expect(client.state).toMatchObject({ code: 'RECONNECT_EXHAUSTED', final: true }));
    const { handshakes, logins } = server;

    server.handshake = undefined;
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));

    expect(server.handshakes).toBe(handshakes + 1);
    expect(server.logins).toBe(logins + 1);
  });

  it('never follows a kick, and the kick is told with its reason (E32)', async () => {
    const { client } = await online('ann');
    const kicks: unknown[] = [];
    client.on('kicked', (kick) => kicks.push(kick));
    const { handshakes } = server;

    server.tell('ann', 'session:kicked', { reason: 'multi-login', byPlatform: 'ios' });
    server.sockets('ann').forEach((socket) => socket.disconnect(true));
    await eventually(() => expect(client.state.name).toBe('kicked'));
    await new Promise((resolve) => setTimeout(resolve, 1500));

    expect(client.state).toEqual({ name: 'kicked', reason: 'multi-login', byPlatform: 'ios' });
    expect(kicks).toEqual([{ reason: 'multi-login', byPlatform: 'ios' }]);
    expect(server.handshakes).toBe(handshakes);
  });

  it('waits as long as the server asked, before it is closed by the server or by itself', async () => {
    const { client, states } = await online('ann');
    server.tell('ann', 'session:reconnect', { afterMs: 400 });
    await eventually(() => expect(states.some(({ name }) => name === 'reconnecting')).toBe(true));
    await eventually(() => expect(client.state.name).toBe('connected'));
    expect(server.handshakes).toBe(2);
  });

  it('asks for a new token when the old one has expired, once', async () => {
    let serial = 0;
    const token = () => Promise.resolve(tokenOf('ann', (serial += 1)));
    const { client } = await online('ann', { login: { token } });
    server.handshake = { code: 'TOKEN_EXPIRED' };
    server.sockets('ann').forEach((socket) => socket.disconnect(true));
    await eventually(() => expect(client.state).toMatchObject({ code: 'TOKEN_EXPIRED', final: true }));

    expect(serial).toBe(2);
  });

  it('uses another endpoint of the login when the first is away', async () => {
    const second = await new FakeServer().listen();
    try {
      server.endpoints = [second.url];
      const { client } = await online('ann');
      await server.close();
      await eventually(() => expect(second.sockets('ann')).toHaveLength(1));
      await eventually(() => expect(client.state.name).toBe('connected'));
    } finally {
      await Promise.all(clients.splice(0).map((client) => client.stop()));
      await second.close();
    }
  });
});

describe('a session about to expire', () => {
  it('is renewed in place with a token from the callback', async () => {
    let serial = 0;
    await online('ann', { login: { token: () => Promise.resolve(tokenOf('ann', (serial += 1))) } });
    server.tell('ann', 'session:expiring', { expiresAt: new Date().toISOString() });

    await eventually(() =>
      expect(server.calls.find(({ event }) => event === 'session:renew')?.data).toEqual({ token: tokenOf('ann', 2) }),
    );
  });

  it('is renewed in place with a token of the same login', async () => {
    await online('ann');
    server.tell('ann', 'session:expiring', { expiresAt: new Date().toISOString() });

    await eventually(() =>
      expect(server.calls.find(({ event }) => event === 'session:renew')?.data).toEqual({ token: tokenOf('ann', 2) }),
    );
  });
});

describe('messages', () => {
  it('arrive in order, without a gap and once, on both sides, though half of the live frames are lost', async () => {
    const ann = await online('ann');
    const bob = await online('bob');
    let frames = 0;
    server.live = () => (frames += 1) % 2 === 0;

    for (let n = 0; n < 20; n += 1) {
      await Promise.all([ann.client.sendText('bob', `a${n}`), bob.client.sendText('ann', `b${n}`)]);
    }
    server.tell('ann', 'sync:hint', { reason: 'gap' });
    server.tell('bob', 'conversation:tip', { conversationId: CONVERSATION, maxSeq: 40 });

    await eventually(() => expect(seqs(ann.messages)).toEqual(upTo(40)));
    await eventually(() => expect(seqs(bob.messages)).toEqual(upTo(40)));
    expect(ann.messages.map(({ id }) => id)).toEqual(bob.messages.map(({ id }) => id));
  });

  it('of the time away come after the reconnect, before those that follow', async () => {
    const { client, messages } = await online('bob');
    server.say('ann', 'bob', 'one');
    await eventually(() => expect(seqs(messages)).toEqual([1]));

    await client.stop();
    for (let n = 0; n < 250; n += 1) server.say('ann', 'bob', `away ${n}`);
    await client.start();
    await eventually(() => expect(client.state.name).toBe('connected'));
    server.say('ann', 'bob', 'live');

    await eventually(() => expect(seqs(messages)).toEqual(upTo(252)));
  });

  it('sent without a connection wait, and go out in order when there is one', async () => {
    const { client } = aClient('ann');
    const sending = ['1', '2', '3'].map((text) => client.sendText('bob', text));
    await eventually(() => expect(client.pending).toHaveLength(3));

    await client.start();

    expect((await Promise.all(sending)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(client.pending).toEqual([]);
  });

  it('are stored once though every first acknowledgement is lost', async () => {
    const { client, messages } = await online('ann');
    let attempts = 0;
    server.fault = (event) => (event === 'message:send' && (attempts += 1) % 2 === 1 ? 'mute' : undefined);

    const sent = await client.sendText('bob', 'hello');

    expect(sent).toMatchObject({ seq: 1, duplicate: true });
    expect(server.log(CONVERSATION)).toHaveLength(1);
    await eventually(() => expect(seqs(messages)).toEqual([1]));
  });

  it('that are definitely refused reject, with the code', async () => {
    const { client } = await online('ann');
    server.fault = (event) => (event === 'message:send' ? { code: 'USER_NOT_FOUND' } : undefined);
    await expect(client.sendText('nobody', 'hello')).rejects.toMatchObject({ code: 'USER_NOT_FOUND', definite: true });
  });

  it('for those who are online only are tried once', async () => {
    const { client } = await online('ann');
    server.fault = (event) => (event === 'message:send' ? 'lost' : undefined);
    const sending = client.sendText('bob', 'now', { options: { onlineOnly: true } });

    await expect(sending).rejects.toMatchObject({ code: 'TIMEOUT', definite: false });
    expect(server.calls.filter(({ event }) => event === 'message:send')).toHaveLength(1);
  });

  it('that fell away with a restored store are offered again', async () => {
    const { client, messages } = await online('ann');
    for (const text of ['1', '2', '3']) await client.sendText('bob', text);
    await client.stop();
    server.logs.set(CONVERSATION, server.log(CONVERSATION).slice(0, 1));
    server.storeEpoch = 'epoch-2';
    const resets: unknown[] = [];
    client.on('reset', (reset) => resets.push(reset));

    await client.start();

    await eventually(() =>
      expect(server.log(CONVERSATION).map(({ body }) => body)).toEqual(['1', '2', '3'].map((text) => ({ text }))),
    );
    await eventually(() => expect(seqs(messages)).toEqual([1, 2, 3, 2, 3]));
    expect(resets).toEqual([{ storeEpoch: 'epoch-2', reason: 'store' }]);
  });
});

describe('marks', () => {
  it('confirm delivery with the highest seq of a burst, and read when stored', async () => {
    const { client, messages } = await online('bob');
    for (let n = 0; n < 10; n += 1) server.say('ann', 'bob', String(n));
    await eventually(() => expect(messages).toHaveLength(10));

    await expect(client.markRead(CONVERSATION)).resolves.toEqual({ readSeq: 10, unread: 0 });

    await eventually(() => {
      const marks = server.calls.filter(({ event }) => event === 'message:received');
      expect(marks.at(-1)?.data).toEqual({ conversationId: CONVERSATION, seq: 10 });
      expect(marks.length).toBeLessThan(10);
    });
  });

  it('are repeated through a failure until the server has them', async () => {
    const { client } = await online('bob');
    server.say('ann', 'bob', 'hello');
    let attempts = 0;
    server.fault = (event) =>
      event === 'conversation:read' && (attempts += 1) === 1 ? { code: 'RETRY', retryAfterMs: 5 } : undefined;

    await expect(client.markRead(CONVERSATION, 1)).resolves.toEqual({ readSeq: 1, unread: 0 });
  });
});

describe('the rest', () => {
  it('gives the conversation list and pages of history', async () => {
    const { client } = await online('bob');
    for (let n = 0; n < 5; n += 1) server.say('ann', 'bob', String(n));

    expect((await client.conversations()).items.map(({ conversationId }) => conversationId)).toEqual([CONVERSATION]);
    expect(seqs((await client.history(CONVERSATION, { before: 4, limit: 2 })).items)).toEqual([3, 2]);
  });

  it('hands on events by name, also those it does not know', async () => {
    const { client } = await online('bob');
    const heard: unknown[] = [];
    client.on('receipt', (receipt) => heard.push(receipt));
    client.on('event', (event) => heard.push(event));
    const receipt = { conversationId: CONVERSATION, userId: 'ann', kind: 'read', seq: 1 };

    server.tell('bob', 'receipt', receipt);
    server.tell('bob', 'group:event', { groupId: 'g', kind: 'created' });

    await eventually(() =>
      expect(heard).toEqual([
        receipt,
        { name: 'receipt', data: receipt },
        { name: 'group:event', data: { groupId: 'g', kind: 'created' } },
      ]),
    );
  });
});

describe('a message that the server could never take', () => {
  it('is refused here, at once and for good, and holds up nothing behind it', async () => {
    const { client } = await online('ann');
    const refused: string[] = [];
    client.on('refused', ({ error }) => refused.push(error.code));
    const huge = client.sendText('bob', 'x'.repeat(100_000));
    const next = client.sendText('bob', 'and this?');
    await expect(huge).rejects.toMatchObject({ code: 'TOO_LARGE', definite: true });
    expect(await next).toMatchObject({ seq: 1 });
    expect([refused, client.pending, server.handshakes]).toEqual([['TOO_LARGE'], [], 1]);
    expect(client.state.name).toBe('connected');
  });

  it('is measured in bytes of UTF-8, as the login says', async () => {
    server.frameBytes = 2000;
    const { client } = await online('ann');
    await expect(client.sendText('bob', '汉'.repeat(700))).rejects.toMatchObject({ details: { maxBytes: 2000 } });
    expect(await client.sendText('bob', '汉'.repeat(500))).toMatchObject({ seq: 1 });
  });
});

describe('a socket that the server closes', () => {
  it('over a frame that is too large costs that message alone, for good, and those behind it go', async () => {
    const { client } = await online('ann');
    server.fault = (event) => {
      if (event !== 'message:send' || !String(JSON.stringify(server.calls.at(-1)?.data)).includes('larger'))
        return undefined;
      server.tell('ann', 'session:closed', { code: 'TOO_LARGE' });
      for (const socket of server.sockets('ann')) setImmediate(() => socket.disconnect(true));
      return 'lost';
    };
    const large = client.sendText('bob', 'larger than this server takes');
    const next = client.sendText('bob', 'hi');
    await expect(large).rejects.toMatchObject({ code: 'TOO_LARGE', definite: true });
    expect(await next).toMatchObject({ seq: 1 });
    expect([client.pending, server.handshakes]).toEqual([[], 2]);
  });
});

describe('what waits', () => {
  it('is told whenever it changes', async () => {
    const { client } = await online('ann');
    const counts: number[] = [];
    client.on('pending', (pending) => counts.push(pending.length));
    await Promise.all([client.sendText('bob', 'one'), client.sendText('eve', 'two')]);
    expect(counts).toEqual([1, 2, 1, 0]);
  });
});

describe('the address that was given', () => {
  it('is the first that is sought again after a loss, whatever the login named', async () => {
    server.endpoints = ['http://10.255.255.1:9'];
    const { client } = await online('ann');
    for (const socket of server.sockets('ann')) socket.disconnect(true);
    await eventually(() => expect(server.handshakes).toBe(2));
    await eventually(() => expect(client.state.name).toBe('connected'));
  });
});

import { connect as connectTcp } from 'node:net';
import { aConnectedUser, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { refusal } from '../support/matrix/refusals';
import { RawSocket } from '../support/raw-socket';

const SENDS_BURST = 20;
const CALLS_BURST = 20;

/** Where everybody is welcome, and where limits are near. */
let parley: Parley;
let strict: Parley;
let app: TestApp;
let ann: ConnectedUser;
let bob: ConnectedUser;
beforeAll(async () => {
  parley = await startParley();
  strict = await parley.another({
    LIMIT_USER_SENDS_PER_SECOND: '5',
    LIMIT_USER_SENDS_BURST: `${SENDS_BURST}`,
    LIMIT_CALLS_PER_SECOND: '5',
    LIMIT_CALLS_BURST: `${CALLS_BURST}`,
    LIMIT_CREATIONS_PER_HOUR: '3',
    LIMIT_APP_CREATIONS_PER_HOUR: '2',
  });
  app = await anApp(parley);
  [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
});
afterAll(async () => {
  await strict.stop();
  await parley.stop();
});

let sent = 0;
const text = (to: string) => ({
  to: { kind: 'user' as const, id: to },
  clientMessageId: `flood-message-${String(++sent).padStart(6, '0')}`,
  type: 'text',
  body: { text: 'Hello' },
});

/** Two who keep to the rules are served, whatever the others do. */
async function othersAreServed(at = parley): Promise<void> {
  const carol = await aConnectedUser(app, { at });
  const dave = await aConnectedUser(app, { at });
  const { id } = await carol.device.tell('message:send', text(dave.userId));
  await dave.device.next('message:new', (message) => message.id === id);
  expect((await dave.api.get('/v1/conversations')).status).toBe(200);
  for (const { device } of [carol, dave]) device.close();
}

const many = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, () => one()));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('a flood', () => {
  it('of sends is limited for its sender on all doors together, and stores only what was acknowledged', async () => {
    const eve = await aConnectedUser(app, { at: strict });
    const acks = await many(60, () => eve.device.ask('message:send', text(bob.userId)));
    const refused = acks.flatMap((ack) => (ack.ok ? [] : [ack.error]));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['RATE_LIMITED']));
    expect(refused.every(({ retryAfterMs = 0 }) => retryAfterMs > 0)).toBe(true);
    // More than one: on a slow machine a token may have come back meanwhile.
    const posts = await many(30, () => eve.api.post('/v1/messages', text(bob.userId)));
    const accepted = posts.filter(({ status }) => status === 201);
    const [over] = posts.filter(({ status }) => status !== 201);
    if (!over) throw new Error('the other door let all of them in');
    expect(over).toMatchObject({ status: 429, body: { error: { code: 'RATE_LIMITED' } } });
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    await othersAreServed(strict);

    const conversationId = `user:${[bob.userId, eve.userId].sort().join(':')}`;
    const { items } = (
      await app.api.get<{ items: unknown[] }>(`/v1/conversations/${conversationId}/messages?limit=100`)
    ).body;
    expect(items).toHaveLength(acks.length - refused.length + accepted.length);

    // Whoever waits as long as it was told to is served.
    await pause(Number(over.body.error?.retryAfterMs) + 250);
    expect(await eve.device.ask('message:send', text(bob.userId))).toMatchObject({ ok: true });
    eve.device.close();
  });

  it('of large messages is limited by their size, on both doors together', async () => {
    const fay = await aConnectedUser(app, { at: strict });
    // 32 KB and what is around them: five times a send each, of twenty.
    const image = () => ({ ...text(bob.userId), type: 'image', body: { url: 'x', thumbnail: 'A'.repeat(32_768) } });
    const began = performance.now();
    const posts = await many(12, () => fay.api.post('/v1/messages', image()));
    const acks = await many(12, () => fay.device.ask('message:send', image()));
    const stored = posts.filter(({ status }) => status === 201).length + acks.filter(({ ok }) => ok).length;
    expect(stored).toBeGreaterThanOrEqual(4);
    // One more comes back each second, however slow the machine is.
    expect(stored).toBeLessThanOrEqual(4 + (performance.now() - began) / 1000);
    const spent = { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number), details: { budget: 'sends' } };
    expect(acks.find(({ ok }) => !ok)).toMatchObject({ error: spent });
    expect(posts.find(({ status }) => status !== 201)).toMatchObject({ status: 429, body: { error: spent } });
    // What is small still has its place, and so has everything that is no send.
    await pause(400);
    expect(await fay.device.ask('message:send', text(bob.userId))).toMatchObject({ ok: true });
    expect((await fay.api.get('/v1/conversations')).status).toBe(200);
    fay.device.close();
  });

  it('of new groups is limited for who makes them, on all doors together', async () => {
    const eve = await aConnectedUser(app, { at: strict });
    const wanted = { name: 'One more', visibility: 'private' as const };
    for (let i = 0; i < 2; i++) expect((await eve.api.post('/v1/groups', wanted)).status).toBe(201);
    expect(await eve.device.ask('group:create', wanted)).toMatchObject({ ok: true });
    const spent = { code: 'RATE_LIMITED', details: { budget: 'creations' }, retryAfterMs: expect.any(Number) };
    expect(await eve.device.ask('group:create', wanted)).toMatchObject({ ok: false, error: spent });
    expect(await eve.api.post('/v1/groups', wanted)).toMatchObject({ status: 429, body: { error: spent } });
    eve.device.close();

    const server = strict.api.as({ basic: [app.appId, app.appSecret] });
    for (let i = 0; i < 2; i++) expect((await server.post('/v1/chatrooms', { name: `Room ${i}` })).status).toBe(201);
    expect(await server.post('/v1/chatrooms', { name: 'Room' })).toMatchObject({ status: 429, body: { error: spent } });
  });

  it('of other events is limited for its user', async () => {
    const eve = await aConnectedUser(app, { at: strict });
    const acks = await many(60, () => eve.device.ask('device:state', { state: 'background' }));
    const unknown = await eve.device.ask('no:such' as never, {} as never);
    const refused = acks.filter((ack) => !ack.ok);
    expect(refused.length).toBeGreaterThan(60 - CALLS_BURST - 20);
    expect(unknown).toMatchObject({ ok: false, error: { code: 'RATE_LIMITED' } });
    await othersAreServed(strict);
    eve.device.close();
  });

  it('of REST calls is limited for its user', async () => {
    const eve = await aSession(await aUser(app), strict);
    const answers = await many(60, () => eve.api.get('/v1/conversations'));
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body } of refused) {
      expect(status).toBe(429);
      expect(body.error).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) });
    }
    await othersAreServed(strict);
  });

  it('of logins that guess is limited for its address, on a node that limits them', async () => {
    const guessed = await parley.another({ LIMIT_LOGINS_PER_SECOND: '1', LIMIT_LOGINS_BURST: '5' });
    try {
      const guess = () =>
        guessed.api.post('/v1/sessions', { appId: app.appId, appToken: 'a guess', userId: 'somebody' });
      const codes = (await many(20, guess)).map(({ body }) => String(body.error?.code));
      expect(new Set(codes)).toEqual(new Set(['BAD_CREDENTIALS', 'RATE_LIMITED']));
      expect(codes.filter((code) => code === 'RATE_LIMITED').length).toBeGreaterThan(10);
      // A token is no guess: who has one is not kept out by whoever guesses beside it.
      expect((await guessed.api.as({ bearer: ann.token }).get('/v1/conversations')).status).toBe(200);
    } finally {
      await guessed.stop();
    }
  });
});

describe('a giant', () => {
  it('body over REST is refused, and nothing of it is stored', async () => {
    const giant = { ...text(bob.userId), type: 'custom', body: { blob: 'x'.repeat(64 * 1024) } };
    const { status, told } = await refusal(parley.url, 'POST', '/v1/messages', { bearer: ann.token }, giant);
    expect({ status, ...told }).toMatchObject({ status: 413, code: 'TOO_LARGE', field: 'body' });
    await othersAreServed();
  });

  it('body that lies about its length, or never ends, harms only its sender', async () => {
    const { port } = new URL(parley.url);
    const slow = connectTcp(Number(port), '127.0.0.1');
    slow.on('error', () => undefined);
    slow.write(
      'POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{',
    );
    const answer = await new Promise<string>((resolve) => slow.once('data', (chunk) => resolve(chunk.toString())));
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"TOO_LARGE"');
    slow.destroy();
    await othersAreServed();
  });

  it('frame is refused, or ends the connection of its sender and no other, who hears why', async () => {
    const eve = await aConnectedUser(app);
    const giant = (kilobytes: number) => ({ ...text(bob.userId), body: { text: 'x'.repeat(kilobytes * 1024) } });
    expect(await eve.device.ask('message:send', giant(200))).toMatchObject({ ok: false, error: { code: 'TOO_LARGE' } });
    eve.device.socket.emit('message:send', giant(300));
    expect(await eve.device.next('session:closed')).toEqual({ code: 'TOO_LARGE' });
    expect(await eve.device.ended()).toMatch(/transport/);
    expect(bob.device.closed).toBeUndefined();
    await othersAreServed();
  });
});

describe('a malformed frame', () => {
  const deep = `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
  const FRAMES: [string, (string | Buffer)[]][] = [
    ['broken JSON', ['42["message:send"']],
    ['no event', ['42[]', '42{}', '42']],
    ['an event that is an object', ['42[{"a":1},{}]']],
    ['an event of the protocol itself', ['42["disconnect",{}]', '42["connect",{}]', '42["newListener",{}]']],
    ['an attachment that never comes', ['451-["message:send",{"_placeholder":true,"num":0}]']],
    ['a stray binary', [Buffer.from([1, 2, 3])]],
    ['a second handshake', ['40{}']],
    ['an unknown packet', ['9', '49', 'x']],
    ['JSON twenty thousand deep', [`420["message:send",${deep}]`]],
    ['a giant number for an acknowledgement', [`42${'9'.repeat(400)}["typing",{}]`]],
  ];

  it.each(FRAMES)('harms only its sender: %s', async (_, frames) => {
    const { port } = new URL(parley.url);
    const { token } = await aSession(await aUser(app));
    const raw = await RawSocket.open(Number(port));
    raw.send(`40${JSON.stringify({ token, device: { id: 'raw-device', platform: 'web' } })}`);
    await raw.hears((heard) => heard.startsWith('40{'));
    for (const frame of frames) raw.send(frame);
    await othersAreServed();
    expect(raw.texts.filter((heard) => heard.includes('"ok":true'))).toEqual([]);
    expect(ann.device.closed).toBeUndefined();
    raw.tcp.destroy();
  });

  it('before any handshake reaches nothing', async () => {
    const { port } = new URL(parley.url);
    const raw = await RawSocket.open(Number(port));
    raw.send('42["message:send",{}]');
    await raw.ends();
    await othersAreServed();
  });
});

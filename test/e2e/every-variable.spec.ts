import { aConnectedUser, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { aText, between } from '../support/messages';
import { RawSocket } from '../support/raw-socket';
import { connect } from '../support/socket';

/** What variables change that no other test sets: src/platform/config/proofs.spec.ts names the test of each. */
describe('a node that was started with these variables', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bobId: string;
  beforeAll(async () => {
    parley = await startParley({
      LIMIT_EXT_BYTES: '16',
      LIMIT_THUMBNAIL_BYTES: '8',
      LIMIT_APP_SENDS_PER_SECOND: '1',
      LIMIT_APP_SENDS_BURST: '2',
      LIMIT_SIGNALS_PER_SECOND: '1',
      LIMIT_SIGNALS_BURST: '2',
      LIMIT_HANDSHAKES_PER_SECOND: '1',
      LIMIT_HANDSHAKES_BURST: '2',
      REALTIME_PING_INTERVAL_MS: '7000',
      REALTIME_PING_TIMEOUT_MS: '3000',
      SOCKET_TRANSPORTS: 'websocket',
    });
    app = await anApp(parley);
    ann = await aConnectedUser(app);
    bobId = (await aUser(app)).userId;
    await ann.device.tell('message:send', aText(bobId, 'hello'));
  });
  afterAll(async () => {
    ann?.device.close();
    await parley?.stop();
  });

  const refusal = async (command: object) =>
    (await ann.api.post('/v1/messages', { ...aText(bobId, ''), ...command })).body.error;

  it('refuses a longer ext and a longer thumbnail', async () => {
    expect(await refusal({ type: 'custom', body: {}, ext: { note: 'x'.repeat(16) } })).toMatchObject({
      code: 'TOO_LARGE',
      field: 'ext',
    });
    expect(await refusal({ type: 'custom', body: {}, ext: { n: 1 } })).toBeUndefined();
    expect(await refusal({ type: 'image', body: { thumbnail: 'x'.repeat(9) } })).toMatchObject({
      code: 'TOO_LARGE',
      field: 'body.thumbnail',
    });
  });

  it('lets an app server send so many at once and a second', async () => {
    const send = async () => (await app.api.post('/v1/messages', { ...aText(bobId, 'x'), from: ann.userId })).status;
    const statuses = await Promise.all(Array.from({ length: 8 }, send));
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThanOrEqual(5);
    expect(statuses).toContain(201);
  });

  it('lets a user say so many signals', async () => {
    const typing = () => ann.device.ask('typing', { conversationId: between(ann.userId, bobId) });
    const answers = await Promise.all(Array.from({ length: 8 }, typing));
    expect(answers.filter((answer) => answer.ok).length).toBeLessThanOrEqual(3);
    expect(answers.some((answer) => answer.ok)).toBe(true);
  });

  it('lets a user open so many sockets', async () => {
    const session = await aSession(await aUser(app));
    const open = (n: number) =>
      connect(parley.url, session.token, { id: `device-${n}` }).then(
        (device) => (device.close(), true),
        () => false,
      );
    const opened = await Promise.all(Array.from({ length: 6 }, (_, n) => open(n)));
    expect(opened.filter(Boolean).length).toBeGreaterThanOrEqual(1);
    expect(opened.filter(Boolean).length).toBeLessThanOrEqual(3);
  });

  it('tells clients its heartbeat, and takes no polling', async () => {
    const raw = await RawSocket.open(Number(new URL(parley.url).port));
    expect(JSON.parse(raw.texts[0].slice(1))).toMatchObject({ pingInterval: 7000, pingTimeout: 3000 });
    raw.tcp.destroy();
    expect((await fetch(`${parley.url}/socket.io/?EIO=4&transport=polling`)).status).toBe(400);
  });
});

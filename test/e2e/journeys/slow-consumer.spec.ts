import type { Socket as TcpSocket } from 'node:net';
import { aConnectedUser, anApp, aSession, aUser, type TestApp } from '../../support/builders';
import { eventually } from '../../support/eventually';
import { OPERATOR_TOKEN, startParley, type Parley } from '../../support/harness';
import { aText, between, textsOf, upTo } from '../../support/messages';
import { connect, type Device } from '../../support/socket';

jest.setTimeout(90_000);
const PADDING = '汉'.repeat(2000);

/** The TCP socket under a client's WebSocket. */
const tcpOf = ({ socket }: Device): TcpSocket =>
  (socket.io.engine.transport as unknown as { ws: { _socket: TcpSocket } }).ws._socket;

describe('a client that stops reading', () => {
  let parley: Parley;
  let app: TestApp;
  beforeAll(async () => {
    parley = await startParley({
      REALTIME_LAGGING_MS: '1000',
      REALTIME_LAGGING_BYTES: '65536',
      LIMIT_APP_SENDS_PER_SECOND: '100000',
      LIMIT_APP_SENDS_BURST: '100000',
    });
    app = await anApp(parley);
  });
  afterAll(() => parley?.stop());

  it('F27: is disconnected while messages pour in, harms nobody, and returns to everything', async () => {
    const ann = await aConnectedUser(app);
    const user = await aUser(app);
    const session = await aSession(user);
    const deaf = await connect(parley.url, session.token, { id: 'deaf' });
    const hearing = await connect(parley.url, session.token, { id: 'hearing' });
    const conversationId = between(ann.userId, user.userId);
    tcpOf(deaf).pause();

    const online = async () =>
      ((await app.api.get(`/v1/users/${user.userId}/sessions`)).body.items as unknown as object[]).length;
    expect(await online()).toBe(2);
    const closed = async () =>
      Number(
        /^parley_slow_consumers_closed_total (\d+)/m.exec(
          String((await parley.api.as({ bearer: OPERATOR_TOKEN }).get('/metrics')).body),
        )?.[1],
      );
    const before = await closed();
    let said = 0;
    const send = () => app.api.post('/v1/messages', aText(user.userId, `${++said} ${PADDING}`, { from: ann.userId }));
    await eventually(
      'the deaf one is closed',
      async () => {
        for (let n = 0; n < 100; n += 20) await Promise.all(upTo(20).map(send));
        return (await closed()) > before;
      },
      60_000,
    );
    const answer = await ann.device.tell('message:send', aText(user.userId, 'the last'));
    expect(answer.seq).toBe(said + 1);
    await hearing.next('message:new', ({ seq }) => seq === said + 1, 30_000);
    expect(hearing.all('message:new').map(({ seq }) => seq)).toEqual(upTo(said + 1));
    expect(hearing.closed).toBeUndefined();

    // It was neither kicked nor forgotten: it comes back as the same device and reads what it missed.
    tcpOf(deaf).destroy();
    expect(await deaf.ended()).not.toBe('io server disconnect');
    const back = await connect(parley.url, session.token, { id: 'deaf' });
    const held = Math.max(0, ...deaf.all('message:new').map(({ seq = 0 }) => seq));
    const { conversations } = await back.tell('sync:heads', { conversations: [[conversationId, held]] });
    expect(conversations).toEqual([[conversationId, said + 1]]);
    // By seq: what twenty calls say at once has no order of its own.
    const missed: number[] = [];
    const texts = new Set<string>();
    for (let after = held; ;) {
      const { items } = await back.tell('conversation:pull', { conversationId, after, limit: 100 });
      if (items.length === 0) break;
      missed.push(...items.map(({ seq = 0 }) => seq));
      for (const text of textsOf(items)) texts.add(text);
      after = items.at(-1)?.seq ?? after;
    }
    expect(missed).toEqual(upTo(said + 1).slice(held));
    expect(texts.size).toBe(missed.length);
    for (const device of [ann.device, hearing, back]) device.close();
  });
});

import { ParleyClient } from '../../../client/src';
import type { WireMessage } from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aSession, aUser, type TestApp, type TestSession } from '../../support/builders';
import { Deployment, type ServerProcess } from '../../support/deployment';
import { eventually } from '../../support/eventually';
import { freePort } from '../../../scripts/lib/network.mjs';
import { ok } from '../../support/http';
import { aText, between, textsOf, upTo } from '../../support/messages';
import { aScratchDatabase, type ScratchDatabase } from '../../support/scratch-database';
import { connect } from '../../support/socket';
import { StubbornSender } from '../../support/stubborn-sender';

jest.setTimeout(90_000);

describe('a server process that ends in the middle', () => {
  const deployment = new Deployment();
  let database: ScratchDatabase;
  let server: ServerProcess;
  let app: TestApp;
  let bob: TestSession;
  let metricsPort: number;

  beforeAll(async () => {
    database = await aScratchDatabase();
    metricsPort = await freePort();
    server = await deployment.server(database.url, process.env.REDIS_URL ?? '', {
      REDIS_PREFIX: database.url.slice(-12),
      METRICS_PORT: String(metricsPort),
    });
    app = await anApp(server);
    bob = await aSession(await aUser(app));
  });
  afterAll(async () => {
    await deployment.end();
    await database?.drop();
  });

  it('tells its metrics on METRICS_PORT to whoever reaches it, and on the port of clients to nobody', async () => {
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect([metrics.status, (await metrics.text()).includes('parley_connections')]).toEqual([200, true]);
    expect((await server.api.get('/metrics')).status).not.toBe(200);
  });

  async function logWith(userId: string): Promise<WireMessage[]> {
    const log: WireMessage[] = [];
    for (let next: string | undefined = 'after=0'; next;) {
      const path: string = `/v1/conversations/${between(userId, bob.user.userId)}/messages?limit=100&${next}`;
      const page: { items: WireMessage[]; nextCursor?: string } = await ok(app.api.get(path));
      log.push(...page.items);
      next = page.nextCursor && `cursor=${page.nextCursor}`;
    }
    return log;
  }
  const commands = function* (label: string) {
    for (let n = 1; ; n++) yield aText(bob.user.userId, `${label} ${n}`);
  };

  it('D13: killed while clients send, everything acknowledged is there once, in order, whoever the client is', async () => {
    const senders = await Promise.all(
      (['socket', 'rest', 'socket', 'rest'] as const).map(async (by) => {
        const session = await aSession(await aUser(app));
        return { session, sender: new StubbornSender(server, session.token, by) };
      }),
    );
    const own = await aUser(app);
    const client = new ParleyClient({
      url: server.url,
      login: { appId: app.appId, appToken: app.appToken, userId: own.userId },
      device: { id: 'own-client', platform: 'test' },
    });
    await client.start();
    const reader = new ParleyClient({
      url: server.url,
      login: { appId: app.appId, appToken: app.appToken, userId: bob.user.userId },
      device: { id: 'reader', platform: 'test' },
    });
    const heard: WireMessage[] = [];
    reader.on('message', (message) => heard.push(message));
    await reader.start();

    let over = false;
    const acknowledged = () => senders.map(({ sender }) => sender.acknowledged.length);
    const sending = senders.map(({ sender, session }) => sender.send(commands(session.user.userId), () => !over));
    const byClient: Promise<WireMessage>[] = [];
    for (let round = 0; round < 2; round++) {
      const before = acknowledged();
      for (const n of upTo(20)) byClient.push(client.sendText(bob.user.userId, `${round}.${n}`));
      await eventually('everybody sends', () => acknowledged().every((count, who) => count > before[who] + 8));
      expect(await server.end('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
      await server.start();
    }
    const last = acknowledged();
    await eventually('everybody goes on', () => acknowledged().every((count, who) => count > last[who]));
    over = true;
    await Promise.all(sending);
    const ofClient = await Promise.all(byClient);

    expect(senders.flatMap(({ sender }) => sender.unknown).length).toBeGreaterThan(0);
    const expected = [
      ...senders.map(({ sender, session }) => ({ userId: session.user.userId, told: sender.acknowledged })),
      { userId: own.userId, told: ofClient },
    ];
    for (const { userId, told } of expected) {
      const log = await logWith(userId);
      expect(log.map(({ seq }) => seq)).toEqual(upTo(log.length));
      expect(log.map(({ id }) => id)).toEqual(told.map(({ id }) => id));
      expect(textsOf(log)).toEqual(textsOf(told));
      // The reader's client never stopped: it has all of it as well, in order, once.
      const got = () => heard.filter(({ from }) => from === userId).map(({ id }) => id);
      await eventually('the reader has caught up', () => got().length >= log.length);
      expect(got()).toEqual(log.map(({ id }) => id));
    }
    await Promise.all([client.stop(), reader.stop()]);
  });

  it('asked to end, it answers what was begun, tells its clients to come back, and exits with 0', async () => {
    const ann = await aConnectedUser(app);
    const other = await connect(server.url, bob.token, {}, { transports: ['polling'] });
    const asked = upTo(60).map((n) => ann.device.ask('message:send', aText(bob.user.userId, `last ${n}`)));
    const posted = upTo(20).map((n) => ann.api.post('/v1/messages', aText(bob.user.userId, `posted ${n}`)));
    await Promise.race(asked);
    const ended = server.end('SIGTERM');

    const acks = await Promise.all(asked);
    expect(acks.map((ack) => ack.ok)).toEqual(asked.map(() => true));
    expect(await ann.device.next('session:reconnect')).toEqual({ afterMs: expect.any(Number) });
    expect(await other.next('session:reconnect')).toEqual({ afterMs: expect.any(Number) });
    // Not "io server disconnect", after which a plain client would stay away.
    expect(await ann.device.ended()).toBe('transport close');
    expect(await ended).toEqual({ code: 0, signal: null });
    const answers = await Promise.allSettled(posted);

    await server.start();
    const stored = textsOf(await logWith(ann.userId));
    expect(stored.filter((text) => text.startsWith('last'))).toEqual(upTo(60).map((n) => `last ${n}`));
    const accepted = answers.flatMap((answer, n) =>
      answer.status === 'fulfilled' && answer.value.status === 201 ? [`posted ${n + 1}`] : [],
    );
    expect(stored).toEqual(expect.arrayContaining(accepted));
    expect(new Set(stored).size).toBe(stored.length);
    expect(server.output).not.toMatch(/"level":"(error|fatal)"/);
  });
});

import type { PrivateServer } from '../../../scripts/lib/service.mjs';
import type { WireMessage } from '../../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aSession, aUser, type TestApp } from '../../support/builders';
import { Deployment, type ServerProcess } from '../../support/deployment';
import { eventually } from '../../support/eventually';
import { ok } from '../../support/http';
import { aText, between, textsOf, upTo } from '../../support/messages';
import { StubbornSender } from '../../support/stubborn-sender';

jest.setTimeout(90_000);

describe('a database that', () => {
  const deployment = new Deployment();
  let database: PrivateServer;
  let server: ServerProcess;
  let app: TestApp;

  beforeAll(async () => {
    database = await deployment.database();
    server = await deployment.server(database.url, process.env.REDIS_URL ?? '', {
      REDIS_PREFIX: `t-${database.port}`,
      MYSQL_TIMEOUT_MS: '1000',
    });
    app = await anApp(server);
  });
  const signal = (name: NodeJS.Signals) => database.pid !== undefined && process.kill(database.pid, name);
  afterAll(async () => {
    signal('SIGCONT');
    await deployment.end();
  });

  it.each([
    ['F5: dies', () => database.kill(), () => database.start()],
    ['F6: freezes', () => signal('SIGSTOP'), () => signal('SIGCONT')],
  ])(
    '%s costs answers only: nothing is acknowledged meanwhile, and all heals by itself, nothing lost or doubled',
    async (_, hurt, heal) => {
      const [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
      await ann.device.tell('message:send', aText(bob.userId, 'before'));
      const users = await Promise.all(upTo(3).map(async () => aSession(await aUser(app))));
      const senders = users.map(({ token }, n) => new StubbornSender(server, token, n % 2 === 0 ? 'socket' : 'rest'));
      let over = false;
      const sending = senders.map((sender, who) =>
        sender.send(
          (function* () {
            for (let n = 1; ; n++) yield aText(bob.userId, `${who}.${n}`);
          })(),
          () => !over,
        ),
      );
      const counts = () => senders.map(({ acknowledged }) => acknowledged.length);
      await eventually('everybody sends', () => counts().every((count) => count > 10));

      await hurt();
      await eventually('readiness says so', async () => (await server.health('ready')) === 503);
      expect(await server.health('live')).toBe(200);
      const during = counts();
      const command = aText(bob.userId, 'told to repeat');
      const [posted, ack] = [
        await ann.api.post('/v1/messages', command),
        await ann.device.ask('message:send', command),
      ];
      expect(posted).toMatchObject({
        status: 503,
        body: { error: { code: 'RETRY', retryAfterMs: expect.any(Number) as number } },
      });
      expect(ack).toMatchObject({ ok: false, error: { code: 'RETRY', retryAfterMs: expect.any(Number) as number } });
      const retry = { ok: false, error: { code: 'RETRY' } };
      expect(await bob.device.ask('sync', { userSeq: 0, conversations: [] })).toMatchObject(retry);
      expect(await bob.device.ask('sync:heads', { conversations: [] })).toMatchObject(retry);
      expect(counts()).toEqual(during);
      expect([ann.device.closed, bob.device.closed]).toEqual([undefined, undefined]);

      await heal();
      await eventually('it is ready again', async () => (await server.health('ready')) === 200);
      await eventually('everybody goes on', () => counts().every((count, who) => count > during[who] + 5));
      over = true;
      await Promise.all(sending);
      const repeated = await ann.device.tell('message:send', command);

      expect(senders.flatMap(({ unknown }) => unknown)).toContain('RETRY');
      for (const [who, { user, api }] of users.entries()) {
        const { acknowledged } = senders[who];
        const log: WireMessage[] = [];
        for (let next: string | undefined = 'after=0'; next;) {
          const path: string = `/v1/conversations/${between(user.userId, bob.userId)}/messages?limit=100&${next}`;
          const page: { items: WireMessage[]; nextCursor?: string } = await ok(api.get(path));
          log.push(...page.items);
          next = page.nextCursor && `cursor=${page.nextCursor}`;
        }
        expect(log.map(({ seq }) => seq)).toEqual(upTo(log.length));
        expect(log.map(({ id }) => id)).toEqual(acknowledged.map(({ id }) => id));
        expect(textsOf(log)).toEqual(upTo(log.length).map((n) => `${who}.${n}`));
      }
      // The sockets lived through it, and hear what is said now.
      expect(await bob.device.next('message:new', ({ id }) => id === repeated.id)).toMatchObject({ seq: 2 });
      const own = await bob.device.tell('conversation:pull', { conversationId: between(ann.userId, bob.userId) });
      expect(textsOf(own.items)).toEqual(['told to repeat', 'before']);
      for (const { device } of [ann, bob]) device.close();
    },
  );
});

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogPage } from '../../src/kernel/contracts/message';
import { aConnectedUser, anApp, aUser, type ConnectedUser, type TestApp, type TestUser } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between, upTo } from '../support/messages';
import { TcpGate } from '../support/tcp-gate';

jest.setTimeout(120_000);

const TIMEOUT_MS = 2000;
/** What a busy test machine adds. */
const SLACK_MS = 1500;
const POOL = 8;

describe('a database whose every answer takes most of its time', () => {
  let right: Parley;
  let gate: TcpGate;
  let slow: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  let bob: TestUser;
  beforeAll(async () => {
    right = await startParley({ MYSQL_TIMEOUT_MS: String(TIMEOUT_MS), MYSQL_POOL_SIZE: `${POOL}` });
    gate = await TcpGate.to(right.settings.stores.mysqlUrl);
    slow = await right.another({ MYSQL_URL: gate.url });
    app = await anApp(right);
    bob = await aUser(app);
    ann = await aConnectedUser(app, { at: slow });
    // Every connection is there before it gets slow: to open one takes several answers.
    await Promise.all(upTo(POOL).map(() => slow.sql.rows('SELECT SLEEP(0.2)')));
    await ok(ann.api.post('/v1/messages', aText(bob.userId, 'while it is quick')));
  });
  beforeEach(() => {
    gate.slowMs = 0.6 * TIMEOUT_MS;
  });
  afterEach(async () => {
    gate.slowMs = 0;
    await eventually('it answers quickly', async () => {
      const began = performance.now();
      await slow.sql.rows('SELECT 1');
      return performance.now() - began < 200;
    });
    // What was given up has ended, one way or the other.
    await sleep(3 * TIMEOUT_MS);
  });
  afterAll(async () => {
    ann?.device.close();
    await slow?.stop();
    await right?.stop();
    await gate?.shut();
  });

  /** How a call ended, and whether in time. */
  async function timed<T>(call: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const answer = await call();
    expect(performance.now() - began).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    return answer;
  }
  const retry = expect.objectContaining({ code: 'RETRY', retryAfterMs: expect.any(Number) as number }) as object;

  it('keeps no read waiting for longer than one deadline, through either door', async () => {
    const conversationId = between(ann.userId, bob.userId);
    const rest = [
      '/v1/conversations',
      `/v1/conversations/${conversationId}/messages`,
      `/v1/users/${ann.userId}/groups`,
    ].map((path) => timed(() => ann.api.get(path)));
    // One statement is enough for this one, so it may just be answered.
    const pulled = timed(() => ann.device.ask('conversation:pull', { conversationId }));
    const synced = timed(() => ann.device.ask('sync', { userSeq: 0, conversations: [] }));
    for (const { status, body } of await Promise.all(rest)) {
      expect([status, body.error]).toEqual([503, retry]);
    }
    expect(await synced).toEqual({ ok: false, error: retry });
    await pulled;
  });

  it.each(['POST /v1/messages', 'message:send'])(
    'tells a sender RETRY and nothing definite; what it sends again is answered from the store: %s',
    async (door) => {
      const commands = upTo(3).map((n) => aText(bob.userId, `${door} ${n}`));
      const send = async (command: (typeof commands)[number]) => {
        if (door === 'message:send') {
          const ack = await ann.device.ask('message:send', command);
          return ack.ok ? { sent: ack.data } : { error: ack.error };
        }
        const { status, body } = await ann.api.post('/v1/messages', command);
        return status < 300 ? { sent: body } : { error: body.error };
      };
      const ends = await Promise.all(commands.map((command) => timed(() => send(command))));
      for (const { error } of ends) expect(error).toEqual(retry);
      gate.slowMs = 0;
      await sleep(2 * TIMEOUT_MS);
      for (const command of commands) {
        const { clientMessageId } = command;
        // RETRY leaves open whether the first one was stored: it is when its transaction was done before its own deadline.
        await eventually('it is answered', async () => (await send(command)).sent);
        expect((await send(command)).sent).toMatchObject({ duplicate: true, clientMessageId });
      }
      const conversationId = between(ann.userId, bob.userId);
      const log = await ok<LogPage>(app.api.get(`/v1/conversations/${conversationId}/messages?limit=100`));
      const ids = log.items.map(({ clientMessageId }) => clientMessageId);
      for (const { clientMessageId } of commands) expect(ids.filter((id) => id === clientMessageId)).toHaveLength(1);
    },
  );

  it('creates once what was asked for twice', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const wanted = { name: 'Slowly', visibility: 'private' };
    const { status, body } = await timed(() => ann.api.post('/v1/groups', wanted, headers));
    expect([status, body.error]).toEqual([503, retry]);
    gate.slowMs = 0;
    const { groupId } = await eventually('it is there', async () => {
      const again = await ann.api.post('/v1/groups', wanted, headers);
      return again.status === 201 ? again.body : undefined;
    });
    const { items } = await ok<{ items: { groupId: string }[] }>(ann.api.get(`/v1/users/${ann.userId}/groups`));
    expect(items.map((group) => group.groupId)).toEqual([groupId]);
  });
});

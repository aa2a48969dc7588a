import { setTimeout as sleep } from 'node:timers/promises';
import { anApp, aSession, aUser } from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText, upTo } from '../support/messages';
import { connect } from '../support/socket';
import { TcpGate } from '../support/tcp-gate';

jest.setTimeout(120_000);

const TIMEOUT_MS = 2000;
/** What a busy test machine adds. */
const SLACK_MS = 1500;

describe('a node that the database does not answer', () => {
  let right: Parley;
  let gate: TcpGate;
  let cut: Parley;
  beforeAll(async () => {
    right = await startParley({ MYSQL_TIMEOUT_MS: String(TIMEOUT_MS) });
    gate = await TcpGate.to(right.settings.stores.mysqlUrl);
    cut = await right.another({ MYSQL_URL: gate.url });
  });
  afterAll(async () => {
    gate.speak();
    await cut.stop();
    await right.stop();
    await gate.shut();
  });

  it('keeps no call longer than MYSQL_TIMEOUT_MS, sends its sockets to the other node, and comes back by itself', async () => {
    const app = await anApp(right);
    const session = await aSession(await aUser(app));
    const device = await connect(cut.url, session.token);
    const api = cut.api.as({ bearer: session.token });
    await ok(api.post('/v1/messages', aText(session.user.userId, 'while it answers')));

    gate.hush();
    const since = performance.now();
    const calls = upTo(30).map(async (n) => {
      await sleep(n * 150);
      const begun = performance.now();
      const { status } = await (n % 2 === 0
        ? api.post('/v1/messages', aText(session.user.userId, `${n}`))
        : api.get('/v1/conversations'));
      return { status, ms: performance.now() - begun };
    });
    expect(await device.next('session:reconnect', () => true, 15_000)).toEqual({ afterMs: expect.any(Number) });
    await device.ended(15_000);
    expect(performance.now() - since).toBeLessThan(15_000);
    await expect(connect(cut.url, session.token)).rejects.toMatchObject({ error: { code: 'RETRY' } });
    for (const { status, ms } of await Promise.all(calls)) {
      expect(status).toBe(503);
      expect(ms).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    }
    const moved = await connect(right.url, session.token, { id: device.socket.id ?? 'moved' });
    await moved.tell('message:send', aText(session.user.userId, 'from the other node'));
    moved.close();

    gate.speak();
    const again = await eventually('it lets sockets in again', () => connect(cut.url, session.token));
    await again.tell('message:send', aText(session.user.userId, 'back'));
    again.close();
  });

  it('keeps its sockets where it is the only node', async () => {
    const session = await aSession(await aUser(await anApp(right)));
    const device = await connect(cut.url, session.token);
    await right.stop();
    gate.hush();
    await sleep(9000);
    expect(device.all('session:reconnect')).toEqual([]);
    expect(device.closed).toBeUndefined();
    gate.speak();
    await eventually('it stores again', () => device.tell('message:send', aText(session.user.userId, 'still here')));
  });
});

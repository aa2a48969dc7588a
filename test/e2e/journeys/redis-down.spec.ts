import type { PrivateServer } from '../../../scripts/lib/service.mjs';
import { anApp, aSession, aUser, type TestApp, type TestSession } from '../../support/builders';
import { Deployment } from '../../support/deployment';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok } from '../../support/http';
import { aText, between, textsOf, upTo, whole } from '../../support/messages';
import { connect, type Device } from '../../support/socket';

jest.setTimeout(90_000);

describe('two nodes whose Redis is absent, comes, stops and comes back', () => {
  const deployment = new Deployment();
  let redis: PrivateServer;
  let nodes: Parley[];
  let app: TestApp;
  let users: TestSession[];
  let ann: Device;
  let bobs: Device[];
  let said = 0;

  beforeAll(async () => {
    redis = await deployment.redis();
    // Absent from the start.
    await redis.stop();
    const first = await startParley({ REDIS_URL: redis.url });
    nodes = [first, await first.another()];
    app = await anApp(first);
    users = [await aSession(await aUser(app)), await aSession(await aUser(app))];
    ann = await connect(nodes[0].url, users[0].token);
    bobs = [await connect(nodes[0].url, users[1].token), await connect(nodes[1].url, users[1].token)];
  });
  afterAll(async () => {
    for (const device of [ann, ...(bobs ?? [])]) device?.close();
    for (const node of nodes ?? []) await node.stop();
    await deployment.end();
  });

  const bobId = () => users[1].user.userId;
  /** What is said on the one node is heard on both, as a message and not as a tip. */
  async function expectToBeHeard(): Promise<void> {
    const text = `message ${++said}`;
    const command = aText(bobId(), text);
    const sent = whole(command, await ann.tell('message:send', command));
    expect(sent.seq).toBe(said);
    for (const device of bobs) expect(await device.next('message:new', ({ id }) => id === sent.id)).toEqual(sent);
  }
  const readiness = (node: Parley) =>
    ok(node.api.get<{ ready: boolean; redis: string }>('/health/ready')).then(({ ready, redis: state }) => [
      ready,
      state,
    ]);

  it('F12: without it from the start, sends are stored, answered and heard on both nodes, and readiness is 200', async () => {
    for (const node of nodes) expect(await readiness(node)).toEqual([true, 'down']);
    await expectToBeHeard();
    await expectToBeHeard();
  });

  it('F12: without it, an ended login is refused by both doors of the other node as well', async () => {
    const eve = await aUser(app);
    const login = await aSession(eve);
    const there = await connect(nodes[1].url, login.token, { id: 'eve' });
    const api = nodes[1].api.as({ bearer: login.token });
    await ok(api.post('/v1/messages', aText(bobId(), 'hi')));
    await ok(app.api.delete(`/v1/users/${eve.userId}/sessions`));

    // The commit asks the database itself, whatever the other node still believes.
    for (let n = 0; n < 5; n++) {
      // Its socket has been closed by now, if the other node heard of it through the database; else it is refused.
      const answer = there.closed
        ? undefined
        : await there.ask('message:send', aText(bobId(), 'no')).catch(() => undefined);
      if (answer) expect(answer).toMatchObject({ ok: false, error: { code: 'TOKEN_REVOKED' } });
      else expect(there.closed).toBeDefined();
      expect(await api.post('/v1/messages', aText(bobId(), 'no'))).toMatchObject({
        status: 401,
        body: { error: { code: 'TOKEN_REVOKED' } },
      });
    }
    await expect(connect(nodes[1].url, login.token, { id: 'eve-2' })).rejects.toMatchObject({
      error: { code: 'TOKEN_REVOKED' },
    });
    there.close();
  });

  it('once it is there, it is used', async () => {
    await redis.start();
    for (const node of nodes) await eventually('the node sees it', async () => (await readiness(node))[1] === 'up');
    await eventually(
      'each node sees the other',
      async () => (await ok(app.api.get<{ exact: boolean }>('/v1/stats/online'))).exact,
    );
    await expectToBeHeard();
  });

  it('F9: killed in the middle, nothing that was acknowledged is lost or doubled, and all is heard', async () => {
    const texts = upTo(40).map((n) => `through it ${n}`);
    const sending = (async () => {
      for (const text of texts) {
        if (text === texts[10]) await redis.kill();
        await ann.tell('message:send', aText(bobId(), text));
      }
    })();
    await sending;
    said += texts.length;
    for (const device of bobs) await device.next('message:new', ({ seq }) => seq === said);
    const { items } = await bobs[1].tell('conversation:pull', {
      conversationId: between(users[0].user.userId, bobId()),
      limit: texts.length,
    });
    expect(textsOf(items).reverse()).toEqual(texts);
    for (const node of nodes) expect((await readiness(node))[0]).toBe(true);
    await expectToBeHeard();

    await redis.start();
    // The hint says that something may be missing; live events go on.
    for (const device of bobs) expect(await device.next('sync:hint')).toEqual({ reason: 'bus' });
    await eventually(
      'it is used again',
      async () => (await ok(app.api.get<{ exact: boolean }>('/v1/stats/online'))).exact,
    );
    await expectToBeHeard();
    for (const device of bobs) {
      const heard = new Set(device.all('message:new').map(({ seq }) => seq));
      expect([...heard].sort((a = 0, b = 0) => a - b)).toEqual(upTo(said));
    }
  });

  it('kicks reach the other node again', async () => {
    const eve = await aUser(app);
    const login = await aSession(eve);
    const there = await connect(nodes[1].url, login.token, { id: 'eve' });
    await ok(app.api.delete(`/v1/users/${eve.userId}/sessions`));
    expect(await there.next('session:kicked')).toEqual({ reason: 'revoked' });
  });

  it('F11: frozen, it is called down while everything is stored, answered and heard, and thawed it is used', async () => {
    const signal = (name: NodeJS.Signals) => redis.pid !== undefined && process.kill(redis.pid, name);
    signal('SIGSTOP');
    try {
      for (const node of nodes) {
        await eventually('the node notices', async () => (await readiness(node)).join() === 'true,down');
      }
      await expectToBeHeard();
    } finally {
      signal('SIGCONT');
    }
    for (const node of nodes) await eventually('the node sees it', async () => (await readiness(node))[1] === 'up');
    await expectToBeHeard();
  });
});

import { randomUUID } from 'node:crypto';
import { SessionCheck, UserDirectory, UserEvents } from '../../src/modules/accounts';
import { SessionTrim } from '../../src/modules/accounts/session-trim';
import { Connections } from '../../src/platform/realtime/connections';
import { Sql } from '../../src/platform/database/sql';
import { anAccountsNode, type AccountsNode, type TestApp, type TestClient } from '../support/accounts-node';
import { until } from '../support/realtime-node';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';

const LEASE_MS = 100;

let database: ScratchDatabase;
let node: AccountsNode;

beforeAll(async () => {
  database = await aScratchDatabase({
    REDIS_URL: 'redis://127.0.0.1:1',
    // Nobody hears another here, so whatever ends a login waits for as long as others may still believe in it.
    REALTIME_PROOF_LEASE_MS: `${LEASE_MS}`,
    LIMIT_LOGINS_BURST: '100000',
    LIMIT_CALLS_BURST: '100000',
    LIMIT_PASSWORDS_BURST: '100000',
    LIMIT_FAILED_LOGINS_MAX: '5',
    LIMIT_SESSIONS_PER_USER: '100',
  });
  node = await anAccountsNode(database.settings);
});

afterAll(async () => {
  await node.close();
  await database.drop();
});

interface Login {
  token: string;
  userId: string;
  sessionId: string;
  endpoints: string[];
}

let names = 0;
const aName = (): string => `user-${++names}`;

async function login(app: TestApp, userId: string): Promise<Login> {
  const { status, body } = await node.call('POST', '/v1/sessions', {
    appId: app.appId,
    appToken: app.appToken,
    userId,
  });
  if (status !== 201) throw new Error(`login refused: ${JSON.stringify(body)}`);
  return body as unknown as Login;
}

const bearer = ({ token }: { token: string }): string => `Bearer ${token}`;
const whoAmI = (session: Login) => node.call('GET', `/v1/users/${session.userId}`, undefined, bearer(session));
const connected = (clients: readonly TestClient[]): TestClient[] => clients.filter(({ socket }) => socket.connected);
const kickOf = (client: TestClient): unknown => client.heard.find(([event]) => event === 'session:kicked')?.[1];

describe('a device policy', () => {
  it.each([
    ['multi', { kind: 'multi', max: 3 }, 3],
    ['single', { kind: 'single', max: 5 }, 1],
  ] as const)('%s: of 50 logins at once exactly as many survive as it allows', async (_, devicePolicy, survivors) => {
    const app = await node.anApp('arbitrary', { devicePolicy });
    const userId = aName();
    const sessions = await Promise.all(Array.from({ length: 50 }, () => login(app, userId)));
    const attempts = await Promise.allSettled(
      sessions.map((session, index) => node.connect(session.token, `device-${index}`)),
    );
    const clients = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    for (const attempt of attempts) {
      if (attempt.status === 'rejected')
        expect(attempt.reason).toMatchObject({ code: 'TOKEN_REVOKED', details: { reason: 'multi-login' } });
    }
    await until('only the survivors are connected', () => connected(clients).length === survivors);
    const userPk = (await node.use(UserDirectory).find(app.app.pk, userId))!.userPk;
    const [counted] = await node
      .use(Sql)
      .rows<{ live: number }>('SELECT COUNT(*) AS live FROM sessions WHERE userPk = ? AND endedAt IS NULL', [userPk]);
    expect(counted).toEqual({ live: survivors });
    expect([...node.use(Connections).ofUser(userPk)]).toHaveLength(survivors);
    for (const client of clients) {
      if (!client.socket.connected) expect(kickOf(client)).toEqual({ reason: 'multi-login', byPlatform: 'test' });
    }
  });

  it('multi: the oldest is told who came and may not come back, its token is refused', async () => {
    const app = await node.anApp('arbitrary', { devicePolicy: { kind: 'multi', max: 2 } });
    const userId = aName();
    const [first, second, third] = [await login(app, userId), await login(app, userId), await login(app, userId)];
    const a = await node.connect(first.token, 'phone', 'ios');
    const b = await node.connect(second.token, 'tablet', 'android');
    const c = await node.connect(third.token, 'desk', 'web');
    await until('the oldest is gone', () => !a.socket.connected);
    expect(kickOf(a)).toEqual({ reason: 'multi-login', byPlatform: 'web' });
    expect([b.socket.connected, c.socket.connected]).toEqual([true, true]);
    await expect(node.connect(first.token, 'phone', 'ios')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect(await whoAmI(first)).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_REVOKED' } } });
    expect(await whoAmI(second)).toMatchObject({ status: 200 });
  });

  it('one-per-platform: a second phone ends the first, the desk stays', async () => {
    const app = await node.anApp('arbitrary', { devicePolicy: { kind: 'one-per-platform', max: 5 } });
    const userId = aName();
    const desk = await node.connect((await login(app, userId)).token, 'desk', 'web');
    const phone = await node.connect((await login(app, userId)).token, 'phone-1', 'ios');
    const other = await node.connect((await login(app, userId)).token, 'phone-2', 'ios');
    await until('the first phone is gone', () => !phone.socket.connected);
    expect(kickOf(phone)).toEqual({ reason: 'multi-login', byPlatform: 'ios' });
    expect([desk.socket.connected, other.socket.connected]).toEqual([true, true]);
  });

  it('the same device replaces its own connection, which is told so, and the online count stays', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const session = await login(app, userId);
    const online = async () => (await app.call('GET', '/v1/stats/online')).body;
    const older = await node.connect(session.token, 'phone');
    expect(await online()).toMatchObject({ online: 1 });
    const newer = await node.connect(session.token, 'phone');
    await until('the older connection is gone', () => !older.socket.connected);
    expect(kickOf(older)).toEqual({ reason: 'replaced' });
    expect(newer.socket.connected).toBe(true);
    expect(await online()).toMatchObject({ online: 1 });
    const again = await node.connect((await login(app, userId)).token, 'phone');
    await until('the one of the older login is gone', () => !newer.socket.connected);
    expect(kickOf(newer)).toEqual({ reason: 'replaced' });
    expect(await online()).toMatchObject({ online: 1 });
    again.socket.disconnect();
    await until('nobody is online', async () => (await online()).online === 0);
  });

  it('a token used on a second device is a second session of one login, and ends with it', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const session = await login(app, userId);
    const phone = await node.connect(session.token, 'phone');
    const desk = await node.connect(session.token, 'desk');
    expect((await app.call('GET', `/v1/users/${userId}/sessions`)).body.items).toMatchObject([
      { deviceId: 'desk' },
      { deviceId: 'phone', sessionId: session.sessionId },
    ]);
    expect((await app.call('DELETE', `/v1/users/${userId}/sessions/${session.sessionId}`)).status).toBe(204);
    await until('both are gone', () => connected([phone, desk]).length === 0);
    expect(kickOf(phone)).toEqual({ reason: 'revoked' });
    expect(kickOf(desk)).toEqual({ reason: 'revoked' });
    await expect(node.connect(session.token, 'third')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect((await whoAmI(session)).status).toBe(401);
  });

  it('of a crowd from two apps that connects at once everybody comes in as itself, between those who are refused', async () => {
    const apps = [await node.anApp('arbitrary'), await node.anApp('arbitrary')];
    // The same names in both.
    const userIds = Array.from({ length: 20 }, aName);
    const crowd = await Promise.all(
      userIds.flatMap((userId) => apps.map(async (app) => ({ app, userId, token: (await login(app, userId)).token }))),
    );
    const fates = new Map(
      crowd.map((each, index) => [each, (['in', 'in', 'deleted', 'in', 'deactivated'] as const)[index % 5]]),
    );
    for (const [{ app, userId }, fate] of fates) {
      if (fate === 'deleted') await app.call('DELETE', `/v1/users/${userId}`);
      if (fate === 'deactivated') await app.call('POST', `/v1/users/${userId}/deactivate`);
    }
    const attempts = await Promise.allSettled(crowd.map(({ token }) => node.connect(token, 'phone')));
    const callers = new Map([...node.use(Connections).all()].map(({ socket, caller }) => [socket.id, caller]));
    const came = attempts.map((attempt) => {
      if (attempt.status === 'rejected') return (attempt.reason as { code?: string }).code;
      const caller = callers.get(attempt.value.socket.id ?? '');
      return [caller?.app.appId, caller?.userId];
    });
    const refusals = { deleted: 'TOKEN_REVOKED', deactivated: 'USER_DEACTIVATED' };
    expect(came).toEqual(
      crowd.map((each) => {
        const fate = fates.get(each) ?? 'in';
        return fate === 'in' ? [each.app.appId, each.userId] : refusals[fate];
      }),
    );
  });

  it('writes of a reconnect that it is the newest connection, and nothing else', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, aName());
    const client = await node.connect(session.token, 'phone');
    const row = () =>
      node
        .use(Sql)
        .rows('SELECT s.*, u.authVersion FROM sessions s JOIN users u ON u.id = s.userPk WHERE s.loginId = ?', [
          session.sessionId,
        ]);
    const before = await row();
    client.socket.disconnect();
    await node.connect(session.token, 'phone');
    const [{ generation, boundAt, ...rest }] = await row();
    expect(rest).toEqual(expect.objectContaining({ endedAt: null, deviceId: 'phone' }));
    const [{ generation: first, boundAt: firstBound, ...same }] = before;
    expect([rest, generation]).toEqual([same, Number(first) + 1]);
    expect(boundAt).not.toEqual(firstBound);
  });
});

describe('a login', () => {
  it('in fixed mode wants account and password; whatever is wrong gets one answer', async () => {
    const [app, other] = [await node.anApp('fixed'), await node.anApp('fixed')];
    const made = (await app.call('POST', '/v1/users', { userId: 'ann' })).body as { account: string; password: string };
    const tried = (body: object) => node.call('POST', '/v1/sessions', body);
    const right = { appId: app.appId, account: made.account, password: made.password };
    expect(await tried(right)).toMatchObject({ status: 201, body: { userId: 'ann', endpoints: [] } });
    expect(await tried({ appId: app.appId, userId: 'ann', password: made.password })).toMatchObject({ status: 201 });
    const wrong = [
      { ...right, password: `${made.password.slice(0, -1)}${made.password.endsWith('a') ? 'b' : 'a'}` },
      { ...right, account: 'nobody' },
      { ...right, appId: other.appId },
      { ...right, password: '' },
    ];
    const answers = await Promise.all(wrong.map(tried));
    const bodies = answers.map(({ status, body }) => JSON.stringify([status, { ...body.error, traceId: '' }]));
    expect(answers[0]).toMatchObject({ status: 401, body: { error: { code: 'BAD_CREDENTIALS' } } });
    expect(new Set(bodies).size).toBe(1);
    expect(await tried({ ...right, appId: 'app_nobody' })).toMatchObject({
      status: 404,
      body: { error: { code: 'APP_NOT_FOUND' } },
    });
    expect(await tried({ appId: app.appId, userId: 7, password: made.password })).toMatchObject({
      status: 400,
      body: { error: { code: 'INVALID_REQUEST', field: 'userId' } },
    });
    await app.offline();
    expect(await tried(right)).toMatchObject({ status: 403, body: { error: { code: 'APP_NOT_ONLINE' } } });
  });

  it('that is guessed too often must wait, and only for that account', async () => {
    const app = await node.anApp('fixed');
    await app.call('POST', '/v1/users', { userId: 'ann', password: 'right-password' });
    await app.call('POST', '/v1/users', { userId: 'bob', password: 'right-password' });
    const tried = (userId: string, password: string) =>
      node.call('POST', '/v1/sessions', { appId: app.appId, userId, password });
    const guesses = await Promise.all(Array.from({ length: 9 }, (_, n) => tried('ann', `guess-${n}`)));
    const limited = guesses.filter(({ status }) => status === 429);
    expect(limited).toHaveLength(4);
    expect(limited[0].body.error!.retryAfterMs).toBeGreaterThan(1000);
    expect((await tried('ann', 'right-password')).status).toBe(429);
    expect((await tried('bob', 'right-password')).status).toBe(201);
  }, 90_000);

  it('in arbitrary mode takes any valid name with the login key, and no name without it', async () => {
    const app = await node.anApp('arbitrary');
    const tried = (body: object) => node.call('POST', '/v1/sessions', { appId: app.appId, ...body });
    expect(await tried({ appToken: app.appToken, userId: 'newcomer' })).toMatchObject({ status: 201 });
    expect(await tried({ appToken: `${app.appToken}x`, userId: 'newcomer' })).toMatchObject({ status: 401 });
    expect(await tried({ appToken: app.appSecret, userId: 'newcomer' })).toMatchObject({ status: 401 });
    for (const userId of ['ginger', 'x'.repeat(65), '张三张三张']) {
      expect(await tried({ appToken: app.appToken, userId })).toMatchObject({
        status: 400,
        body: { error: { field: 'userId' } },
      });
    }
  });

  it('of the same name in two apps is two people, and neither’s token opens the other', async () => {
    const [a, b] = [await node.anApp('arbitrary'), await node.anApp('arbitrary')];
    await login(a, 'alice');
    const inB = await login(b, 'alice');
    await a.call('PATCH', '/v1/users/alice', { nickname: 'Alice of A' });
    expect((await whoAmI(inB)).body).not.toHaveProperty('nickname');
    expect(await b.call('GET', '/v1/users/alice')).toMatchObject({ body: { userId: 'alice' } });
    expect((await a.call('POST', '/v1/tokens/verify', { token: inB.token })).body).toEqual({
      valid: false,
      reason: 'other-app',
    });
    expect((await b.call('POST', '/v1/tokens/verify', { token: inB.token })).body).toMatchObject({
      valid: true,
      userId: 'alice',
    });
  });

  it('that was ended leaves nothing: its token is refused by REST and by the socket at once', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, aName());
    const client = await node.connect(session.token, 'phone');
    expect((await whoAmI(session)).status).toBe(200);
    const renewed = await node.call('POST', '/v1/sessions/current/renew', undefined, bearer(session));
    expect(renewed).toMatchObject({ status: 201, body: { sessionId: session.sessionId } });
    expect(await client.socket.emitWithAck('session:renew', { token: renewed.body.token })).toMatchObject({ ok: true });
    expect((await node.call('DELETE', '/v1/sessions/current', undefined, bearer(session))).status).toBe(204);
    await until('the socket is closed', () => !client.socket.connected);
    expect((await whoAmI(session)).status).toBe(401);
    expect((await whoAmI(renewed.body as unknown as Login)).status).toBe(401);
    await expect(node.connect(session.token, 'phone')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });

  it('renewed by the token of another login goes on as that login', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const [first, second, stranger] = [await login(app, userId), await login(app, userId), await login(app, aName())];
    const client = await node.connect(first.token, 'phone');
    expect(await client.socket.emitWithAck('session:renew', { token: stranger.token })).toMatchObject({ ok: false });
    expect(await client.socket.emitWithAck('session:renew', { token: second.token })).toMatchObject({ ok: true });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.socket.connected).toBe(true);
    await app.call('DELETE', `/v1/users/${userId}/sessions/${second.sessionId}`);
    await until('the socket is closed', () => !client.socket.connected);
  });
});

describe('users', () => {
  it('of a batch are accepted or refused one by one', async () => {
    const app = await node.anApp('fixed');
    await app.call('POST', '/v1/users', { userId: 'there' });
    const { status, body } = await app.call('POST', '/v1/users', [
      { userId: 'one', nickname: 'One' },
      { userId: 'there' },
      { userId: 'one' },
      { userId: 'with space' },
      { userId: 'two', role: 'admin' },
      7,
      {},
    ]);
    expect(status).toBe(200);
    expect(body.items).toMatchObject([
      { ok: true, user: { userId: 'one', nickname: 'One', account: expect.any(String), password: expect.any(String) } },
      { ok: false, error: { code: 'ALREADY_EXISTS', field: 'userId' } },
      { ok: false, error: { code: 'ALREADY_EXISTS', field: 'userId' } },
      { ok: false, error: { code: 'INVALID_REQUEST', field: 'userId' } },
      { ok: false, error: { code: 'INVALID_REQUEST', field: 'role' } },
      { ok: false, error: { code: 'INVALID_REQUEST' } },
      { ok: true, user: { userId: expect.any(String) } },
    ]);
    expect((await app.call('POST', '/v1/users', Array(101).fill({}))).status).toBe(400);
    expect((await app.call('POST', '/v1/users', [])).status).toBe(400);
  });

  it('of one id made by ten servers at once are one user', async () => {
    const app = await node.anApp('fixed');
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => app.call('POST', '/v1/users', { userId: 'same' })),
    );
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(9);
    const { account, password } = made[0].body;
    expect(await node.call('POST', '/v1/sessions', { appId: app.appId, account, password })).toMatchObject({
      status: 201,
    });
  });

  it('beyond the plan are refused by the name of the quota, however many come at once', async () => {
    const app = await node.anApp('arbitrary', {}, 'a new developer');
    await node.use(Sql).run('UPDATE developers SET quotas = ? WHERE id = ?', ['{"users":3}', app.app.developerPk]);
    // Written behind the node's back: it goes by what it read before for as long as a proof counts.
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => app.call('POST', '/v1/users', { userId: aName() })),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
    expect(answers.find(({ status }) => status !== 201)).toMatchObject({
      status: 429,
      body: { error: { code: 'QUOTA_EXCEEDED', details: { quota: 'users' } } },
    });
    const refused = await node.call('POST', '/v1/sessions', {
      appId: app.appId,
      appToken: app.appToken,
      userId: aName(),
    });
    expect(refused.body.error).toMatchObject({ code: 'QUOTA_EXCEEDED' });
  });

  it('page by page are all there, once each', async () => {
    const app = await node.anApp('fixed');
    const ids = Array.from({ length: 7 }, (_, n) => `u${n}`);
    await app.call(
      'POST',
      '/v1/users',
      ids.map((userId) => ({ userId })),
    );
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await app.call('GET', `/v1/users?limit=3${cursor && `&cursor=${cursor}`}`);
      seen.push(...(body.items as { userId: string }[]).map(({ userId }) => userId));
      cursor = (body.nextCursor as string | undefined) ?? '';
    } while (cursor);
    expect(seen).toEqual(ids);
    expect((await app.call('GET', '/v1/users?limit=101')).status).toBe(400);
  });

  it('show others their public profile only, and let nobody else change it', async () => {
    const app = await node.anApp('arbitrary');
    const [ann, bob] = [await login(app, 'annie'), await login(app, 'bobby')];
    const device = await node.connect(ann.token, 'phone');
    const change = (who: Login, patch: object) => node.call('PATCH', '/v1/users/annie', patch, bearer(who));
    expect(await change(ann, { nickname: 'A\u200Bnn', profile: { z: 1, a: 2 } })).toMatchObject({
      status: 200,
      body: { nickname: 'Ann' },
    });
    await until('the other device hears of it', () => device.heard.some(([event]) => event === 'user:event'));
    expect(await change(bob, { nickname: 'Mallory' })).toMatchObject({ status: 403 });
    expect(await change(ann, { status: 'active' })).toMatchObject({ status: 400 });
    expect(await change(ann, { avatarUrl: 'javascript:alert(1)' })).toMatchObject({ status: 400 });
    const seen = (who: Login) => node.call('GET', '/v1/users/annie', undefined, bearer(who));
    expect((await seen(bob)).body).toEqual({ userId: 'annie', nickname: 'Ann' });
    expect((await seen(ann)).body).toMatchObject({ profile: { z: 1, a: 2 } });
    expect(JSON.stringify((await app.call('GET', '/v1/users/annie')).body)).not.toMatch(/hash|Version|"id"|Pk/);
    expect((await change(ann, { nickname: null })).body).not.toHaveProperty('nickname');
  });

  it('deleted are gone at once, and whoever gets the id next inherits nothing', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, 'alice');
    const client = await node.connect(session.token, 'phone');
    await app.call('PATCH', '/v1/users/alice', { nickname: 'First' });
    const before = (await node.use(UserDirectory).find(app.app.pk, 'alice'))!.userPk;
    expect((await app.call('DELETE', '/v1/users/alice')).status).toBe(204);
    await until('the socket is closed', () => !client.socket.connected);
    expect(kickOf(client)).toEqual({ reason: 'deleted' });
    expect((await app.call('GET', '/v1/users/alice')).status).toBe(404);
    expect((await app.call('DELETE', '/v1/users/alice')).status).toBe(404);
    const next = await login(app, 'alice');
    expect((await whoAmI(session)).status).toBe(401);
    await expect(node.connect(session.token, 'phone')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    expect((await whoAmI(next)).body).not.toHaveProperty('nickname');
    const after = (await node.use(UserDirectory).find(app.app.pk, 'alice'))!.userPk;
    expect(after).not.toBe(before);
    expect(await node.use(UserDirectory).namesOf([before, after])).toEqual(
      new Map([
        [before, 'alice'],
        [after, 'alice'],
      ]),
    );
  });

  it('deactivated are kicked and refused until they are activated again', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, 'alice');
    const client = await node.connect(session.token, 'phone');
    expect(await app.call('POST', '/v1/users/alice/deactivate')).toMatchObject({
      status: 200,
      body: { status: 'deactivated' },
    });
    await until('the socket is closed', () => !client.socket.connected);
    expect(kickOf(client)).toEqual({ reason: 'deactivated' });
    expect(await whoAmI(session)).toMatchObject({ status: 403, body: { error: { code: 'USER_DEACTIVATED' } } });
    await expect(login(app, 'alice')).rejects.toThrow('USER_DEACTIVATED');
    await expect(node.connect(session.token, 'phone')).rejects.toMatchObject({ code: 'USER_DEACTIVATED' });
    expect(await app.call('POST', '/v1/users/alice/activate')).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
    expect(await whoAmI(await login(app, 'alice'))).toMatchObject({ status: 200 });
  });

  it('change their own password with the old one, which ends their other logins', async () => {
    const app = await node.anApp('fixed');
    await app.call('POST', '/v1/users', { userId: 'ann', password: 'old-password' });
    const enter = (password: string) =>
      node.call('POST', '/v1/sessions', { appId: app.appId, userId: 'ann', password });
    const [here, there] = [
      (await enter('old-password')).body,
      (await enter('old-password')).body,
    ] as unknown as Login[];
    const change = (body: object) => node.call('PUT', '/v1/users/ann/password', body, bearer(here));
    expect(await change({ newPassword: 'new-password' })).toMatchObject({
      status: 400,
      body: { error: { field: 'oldPassword' } },
    });
    expect((await change({ oldPassword: 'not-it', newPassword: 'new-password' })).status).toBe(401);
    expect((await change({ oldPassword: 'old-password', newPassword: 'new-password' })).status).toBe(204);
    expect((await whoAmI(here)).status).toBe(200);
    expect((await whoAmI(there)).status).toBe(401);
    expect((await enter('old-password')).status).toBe(401);
    expect((await enter('new-password')).status).toBe(201);
  });
});

describe('the sessions of one user', () => {
  const liveOf = async (userPk: number): Promise<number> => {
    const [row] = await node
      .use(Sql)
      .rows<{ n: number }>('SELECT COUNT(*) AS n FROM sessions WHERE userPk = ? AND endedAt IS NULL', [userPk]);
    return row?.n ?? 0;
  };
  const pkOf = async (app: TestApp, userId: string): Promise<number> =>
    (await node.use(UserDirectory).find(app.app.pk, userId))!.userPk;

  it('are so many: beyond it the oldest logins end that no device holds, and the others go on', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const held = await login(app, userId);
    const phone = await node.connect(held.token, 'phone');
    const idle = await login(app, userId);
    for (let round = 0; round < 14; round++) await Promise.all(Array.from({ length: 10 }, () => login(app, userId)));
    const latest = await login(app, userId);
    const userPk = await pkOf(app, userId);
    await until('the oldest ended', async () => (await liveOf(userPk)) <= 100 + 16);
    expect((await whoAmI(idle)).status).toBe(401);
    expect((await whoAmI(held)).status).toBe(200);
    expect((await whoAmI(latest)).status).toBe(200);
    expect(phone.socket.connected).toBe(true);
  });

  it('that ended are forgotten in steps but for the latest, and a login with many of them stands and ends as any', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const session = await login(app, userId);
    const phone = await node.connect(session.token, 'phone');
    const userPk = await pkOf(app, userId);
    const sql = node.use(Sql);
    const values = Array.from({ length: 1200 }, (_, n) => [
      app.app.pk,
      userPk,
      `flood-${userPk}-${n}`,
      session.sessionId,
      `flood-device-${n}`,
      'web',
      new Date(Date.now() + 3_600_000),
      new Date(Date.now() - 60_000 + n),
      'multi-login',
    ]);
    await sql.run(
      `INSERT INTO sessions (appPk, userPk, sessionId, loginId, deviceId, platform, expiresAt, endedAt, endReason) VALUES ?`,
      [values],
    );
    expect((await whoAmI(session)).status).toBe(200);
    await expect(node.connect(session.token, 'flood-device-1199')).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
    const trim = node.use(SessionTrim);
    for (let step = 0; step < 3; step++) await trim.trim(app.app.pk, userPk);
    const [left] = await sql.rows<{ n: number }>('SELECT COUNT(*) AS n FROM sessions WHERE userPk = ?', [userPk]);
    expect(left).toEqual({ n: 101 });
    const desk = await node.connect(session.token, 'desk');
    expect((await app.call('DELETE', `/v1/users/${userId}/sessions/${session.sessionId}`)).status).toBe(204);
    await until('both are gone', () => connected([phone, desk]).length === 0);
    expect((await whoAmI(session)).status).toBe(401);
  });

  it('are listed by pages, the latest first', async () => {
    const app = await node.anApp('arbitrary');
    const userId = aName();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) ids.unshift((await login(app, userId)).sessionId);
    const listed: string[] = [];
    let cursor = '';
    do {
      const { body } = await app.call('GET', `/v1/users/${userId}/sessions?limit=2${cursor}`);
      listed.push(...(body.items as { sessionId: string }[]).map(({ sessionId }) => sessionId));
      cursor = body.nextCursor ? `&cursor=${String(body.nextCursor)}` : '';
    } while (cursor !== '');
    expect(listed).toEqual(ids);
  });
});

describe('a token of the app’s own server', () => {
  it('lives as long as was asked, within 60 seconds and 30 days, and registers a new name', async () => {
    const app = await node.anApp('arbitrary');
    const issue = (ttlSeconds?: number) =>
      app.call('POST', '/v1/users/newcomer/tokens', ttlSeconds === undefined ? {} : { ttlSeconds });
    const made = await issue(60);
    expect(made).toMatchObject({ status: 201, body: { userId: 'newcomer', sessionId: expect.any(String) } });
    const lives = Date.parse(made.body.expiresAt as string) - Date.now();
    expect(lives).toBeGreaterThan(50_000);
    expect(lives).toBeLessThanOrEqual(60_000);
    expect((await node.connect(made.body.token as string, 'phone')).socket.connected).toBe(true);
    for (const ttl of [59, 30 * 86_400 + 1, 60.5]) expect((await issue(ttl)).status).toBe(400);
    expect((await app.call('POST', '/v1/users/gnome/tokens', {})).status).toBe(400);
    const fixed = await node.anApp('fixed');
    expect((await fixed.call('POST', '/v1/users/nobody/tokens', {})).status).toBe(404);
  });

  it('is warned of before it ends and disconnected a minute after', async () => {
    const app = await node.anApp('arbitrary');
    const { body } = await app.call('POST', '/v1/users/newcomer/tokens', { ttlSeconds: 120 });
    const client = await node.connect(body.token as string, 'phone');
    const check = node.use(SessionCheck);
    check.expire();
    check.expire();
    await until('it was warned', () => client.heard.length > 0);
    expect(client.heard).toEqual([['session:expiring', { expiresAt: body.expiresAt }]]);
    check.expire(Date.now() + 179_000);
    expect(client.socket.connected).toBe(true);
    check.expire(Date.now() + 181_000);
    await until('it is disconnected', () => !client.socket.connected);
    expect(kickOf(client)).toEqual({ reason: 'token-expired' });
  });
});

describe('the sweep', () => {
  it('ends connections whose session, user or app is no longer good, though nobody told this node', async () => {
    const app = await node.anApp('arbitrary');
    const [gone, stays] = [await login(app, aName()), await login(app, aName())];
    const [a, b] = [await node.connect(gone.token, 'phone'), await node.connect(stays.token, 'phone')];
    await node
      .use(Sql)
      .run("UPDATE sessions SET endedAt = NOW(3), endReason = 'revoked' WHERE loginId = ?", [gone.sessionId]);
    await node.use(SessionCheck).sweep();
    await until('the ended one is gone', () => !a.socket.connected);
    expect(kickOf(a)).toEqual({ reason: 'revoked' });
    expect(b.socket.connected).toBe(true);
    await app.offline();
    await node.use(SessionCheck).sweep();
    await until('the app’s sockets are gone', () => !b.socket.connected);
    expect(kickOf(b)).toEqual({ reason: 'app-offline' });
  });
});

describe('housekeeping', () => {
  it('forgets a session only when its token has long expired, ended or not', async () => {
    const app = await node.anApp('arbitrary');
    const [ended, old] = [await login(app, aName()), await login(app, aName())];
    await node.call('DELETE', '/v1/sessions/current', undefined, bearer(ended));
    await node
      .use(Sql)
      .run('UPDATE sessions SET expiresAt = DATE_SUB(NOW(3), INTERVAL 8 DAY) WHERE loginId = ?', [old.sessionId]);
    await node.tidyUp();
    const rows = await node
      .use(Sql)
      .rows('SELECT loginId FROM sessions WHERE loginId IN (?)', [[ended.sessionId, old.sessionId]]);
    expect(rows).toEqual([{ loginId: ended.sessionId }]);
    expect((await whoAmI(ended)).status).toBe(401);
  });
});

describe('presence', () => {
  it('is told on request and then as it changes; unknown names are offline', async () => {
    const app = await node.anApp('arbitrary');
    const [watcher, watched] = [await login(app, aName()), await login(app, aName())];
    const other = await node.anApp('arbitrary');
    await node.connect((await login(other, 'nobody')).token, 'phone');
    const client = await node.connect(watcher.token, 'phone');
    const subscribe = (over: object = {}) =>
      client.socket.emitWithAck('presence:subscribe', { userIds: [watched.userId, 'nobody'], ...over });
    expect(await subscribe()).toEqual({
      ok: true,
      data: {
        items: [
          { userId: watched.userId, online: false },
          { userId: 'nobody', online: false },
        ],
      },
    });
    const first = await node.connect(watched.token, 'phone');
    await until('it is heard', () => client.heard.length === 1);
    expect((await app.call('GET', `/v1/presence?userIds=${watched.userId},nobody`)).body).toEqual({
      items: [
        { userId: watched.userId, online: true },
        { userId: 'nobody', online: false },
      ],
    });
    first.socket.disconnect();
    await until('it is heard', () => client.heard.length === 2);
    expect(client.heard).toEqual([
      ['presence:event', { userId: watched.userId, online: true }],
      ['presence:event', { userId: watched.userId, online: false }],
    ]);
    expect(await subscribe({ unsubscribe: true })).toEqual({ ok: true, data: { items: [] } });
    const many = (from: number) => subscribe({ userIds: Array.from({ length: 100 }, (_, n) => `n${from + n}`) });
    for (let n = 0; n < 5; n++) expect(await many(n * 100)).toMatchObject({ ok: true });
    expect(await many(500)).toMatchObject({ ok: false, error: { code: 'LIMIT_REACHED' } });
  });
});

describe('a user’s own events', () => {
  it('are numbered without a hole under concurrency, the later of one thing in the place of the earlier', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, aName());
    const { userPk } = (await node.use(UserDirectory).find(app.app.pk, session.userId))!;
    const events = node.use(UserEvents);
    const sql = node.use(Sql);
    const appended = await Promise.all(
      Array.from({ length: 60 }, (_, n) =>
        sql.transaction((tx) => events.append(tx, userPk, 'read', `conversation-${n % 7}`, { n })),
      ),
    );
    const given = appended.map(({ userSeq }) => userSeq).sort((a, b) => a - b);
    expect(given).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    expect(await events.bounds(userPk)).toEqual({ maxUserSeq: 60, minUserSeq: 1 });
    const all = { limit: 100, maxBytes: 1_000_000 };
    const { events: kept } = await events.since(userPk, 0, all);
    expect(kept).toHaveLength(7);
    for (const event of kept) {
      const ofIts = appended.filter(({ data }) => Number(data.n) % 7 === Number(event.data.n) % 7);
      expect(event).toEqual(ofIts.reduce((last, one) => (one.userSeq > last.userSeq ? one : last)));
    }
    expect(await events.since(userPk, 60, all)).toEqual({ events: [], more: false });
  });

  it('older than 30 days are forgotten, and the bounds say so', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, aName());
    const { userPk } = (await node.use(UserDirectory).find(app.app.pk, session.userId))!;
    const events = node.use(UserEvents);
    const append = (n: number) => node.use(Sql).transaction((tx) => events.append(tx, userPk, 'read', `c${n}`, {}));
    for (let n = 1; n <= 10; n++) await append(n);
    await node.use(Sql).run('UPDATE user_events SET at = DATE_SUB(NOW(3), INTERVAL 31 DAY) WHERE userPk = ?', [userPk]);
    for (let n = 11; n <= 64; n++) await append(n);
    expect(await events.bounds(userPk)).toEqual({ maxUserSeq: 64, minUserSeq: 11 });
    expect(
      (await events.since(userPk, 0, { limit: 100, maxBytes: 1_000_000 })).events.map(({ userSeq }) => userSeq),
    ).toEqual(Array.from({ length: 54 }, (_, n) => n + 11));
  });

  it('that are rolled back leave no hole', async () => {
    const app = await node.anApp('arbitrary');
    const session = await login(app, aName());
    const { userPk } = (await node.use(UserDirectory).find(app.app.pk, session.userId))!;
    const events = node.use(UserEvents);
    const failing = node.use(Sql).transaction(async (tx) => {
      await events.append(tx, userPk, 'read', randomUUID(), {});
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await events.bounds(userPk)).toEqual({ maxUserSeq: 0, minUserSeq: 1 });
  });
});

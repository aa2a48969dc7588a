import { aDeveloper, anApp, aSession, aUser, operator, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Answer } from '../support/http';
import { aText, upTo } from '../support/messages';
import { connect } from '../support/socket';

/** The acceptance rows about developers, apps, users and logins, through both doors of the whole application. */
describe('accounts', () => {
  let parley: Parley;
  let fixed: TestApp;
  let arbitrary: TestApp;
  beforeAll(async () => {
    parley = await startParley({ AUTO_VERIFY_DEVELOPERS: 'false' });
    fixed = await anApp(parley, { mode: 'fixed' });
    arbitrary = await anApp(parley);
  });
  afterAll(() => parley?.stop());

  const login = (body: object) => parley.api.post('/v1/sessions', body);
  const refusal = ({ status, body }: Answer): unknown => {
    const { code, field } = body.error as unknown as { code: string; field?: string };
    return field === undefined ? [status, code] : [status, code, field];
  };

  it('Y1 Y2 Y3 Y5 E12 E20: a developer signs up once, and both its credentials and its app’s open what is theirs', async () => {
    const developer = await aDeveloper(parley);
    const again = { email: developer.email.toUpperCase(), password: 'a password', name: 'Ann' };
    expect(refusal(await parley.api.post('/v1/developers', again))).toEqual([409, 'ALREADY_EXISTS', 'email']);
    const [one, two] = await Promise.all(
      ['One', 'Two'].map((name) => ok(developer.api.post<Record<string, string>>('/v1/apps', { name }))),
    );
    expect(new Set([one.appId, two.appId, one.appToken, two.appToken, one.appSecret, two.appSecret]).size).toBe(6);
    await ok(developer.api.post(`/v1/apps/${one.appId}/online`, {}));
    expect((await developer.api.get(`/v1/apps/${one.appId}`)).body).toMatchObject({ appToken: one.appToken });

    const server = parley.api.as({ basic: [one.appId, one.appSecret] });
    const asServer = parley.api.as({ basic: [developer.accountSid, developer.authToken], appId: one.appId });
    await ok(server.post('/v1/users', { userId: 'user-of-server' }));
    expect(await ok(asServer.get('/v1/users/user-of-server'))).toMatchObject({ userId: 'user-of-server' });
    for (const [name, secret] of [
      [one.appId, two.appSecret],
      [one.appId, one.appToken],
      [developer.accountSid, one.appSecret],
    ])
      expect((await parley.api.as({ basic: [name, secret] }).get('/v1/users')).status).toBe(401);
    expect((await parley.api.get('/v1/users')).status).toBe(401);
  });

  it('Y4 Y6 Y7 Y8 T2: apps are listed, renamed, deleted; the first goes online once its developer is verified', async () => {
    const developer = await aDeveloper(parley, { verified: false });
    const apps = await Promise.all(
      upTo(5).map((n) => ok(developer.api.post<{ appId: string; appToken: string }>('/v1/apps', { name: `App ${n}` }))),
    );
    const { appId, appToken } = apps[0];
    expect(refusal(await developer.api.post(`/v1/apps/${appId}/online`, {}))).toEqual([403, 'DEVELOPER_NOT_VERIFIED']);
    expect(refusal(await login({ appId, appToken, userId: 'early-bird' }))).toEqual([403, 'APP_NOT_ONLINE']);
    await ok(developer.api.post('/v1/developers/me/verification', { name: 'Ann Lee', idNumber: '1' }));
    expect(refusal(await developer.api.post(`/v1/apps/${appId}/online`, {}))).toEqual([403, 'DEVELOPER_NOT_VERIFIED']);
    await ok(operator(parley).post(`/v1/operator/developers/${developer.accountSid}/approve`, {}));
    expect(await ok(developer.api.post(`/v1/apps/${appId}/online`, {}))).toMatchObject({ status: 'online' });
    expect((await login({ appId, appToken, userId: 'early-bird' })).status).toBe(201);

    await ok(developer.api.patch(`/v1/apps/${appId}`, { name: 'Renamed' }));
    await ok(developer.api.delete(`/v1/apps/${apps[4].appId}`));
    const { items } = await ok(developer.api.get<{ items: { name: string }[] }>('/v1/apps'));
    expect(items.map(({ name }) => name).sort()).toEqual(['App 2', 'App 3', 'App 4', 'Renamed']);
  });

  it('Y9 Y10 Y11 E10 E25: in a fixed app each user has one generated account, and its password opens it', async () => {
    const made = await ok(fixed.api.post<Record<string, string>>('/v1/users', { userId: '10001' }));
    expect(made).toMatchObject({ userId: '10001', account: expect.any(String), password: expect.any(String) });
    const { account, password } = made;
    const { appId } = fixed;
    const first = await login({ appId, account, password });
    const second = await login({ appId, userId: '10001', password });
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.body).toMatchObject({ userId: '10001', token: expect.any(String), expiresAt: expect.any(String) });
    expect(first.body.token).not.toBe(second.body.token);

    for (const wrong of [
      { account, password: `${password}x` },
      { account: `${account}x`, password },
      { userId: 'nobody', password },
    ])
      expect(refusal(await login({ appId, ...wrong }))).toEqual([401, 'BAD_CREDENTIALS']);
    expect(refusal(await login({ appId, userId: 10001, password }))).toEqual([400, 'INVALID_REQUEST', 'userId']);
    expect(refusal(await login({ appId, account, password, more: 1 }))).toEqual([400, 'INVALID_REQUEST', 'more']);
    expect((await fixed.api.get('/v1/users/10001')).body).not.toHaveProperty('password');
  });

  it('Y12 E9 E13 G1 G2 G3: an account of another app is refused, and one name in two apps is two people', async () => {
    const other = await anApp(parley, { mode: 'fixed' });
    const { account, password } = await aUser(fixed, { userId: 'twin-user' });
    await aUser(other, { userId: 'twin-user' });
    expect(refusal(await login({ appId: other.appId, account, password }))).toEqual([401, 'BAD_CREDENTIALS']);
    expect(refusal(await login({ appId: 'no-such-app', account, password }))).toEqual([404, 'APP_NOT_FOUND']);

    const second = await anApp(parley);
    const [here, there] = await Promise.all([arbitrary, second].map((app) => aSession({ app, userId: 'twin-user' })));
    const peer = await aSession({ app: arbitrary, userId: 'their-peer' });
    const [deviceHere, deviceThere] = [await connect(parley.url, here.token), await connect(parley.url, there.token)];
    await ok(peer.api.post('/v1/messages', aText('twin-user', 'for one of them')));
    expect(await deviceHere.next('message:new')).toMatchObject({ body: { text: 'for one of them' } });
    await ok(second.api.post('/v1/messages', aText('twin-user', 'for the other', { from: 'twin-user' })));
    expect(await deviceThere.next('message:new')).toMatchObject({ body: { text: 'for the other' } });
    expect(deviceThere.all('message:new')).toHaveLength(1);
    for (const device of [deviceHere, deviceThere]) device.close();
  });

  it('Y13 Y14 Y15 E11: in an arbitrary app any valid name logs in with the login key, and invalid ones do not', async () => {
    const { appId, appToken, appSecret } = arbitrary;
    expect((await login({ appId, appToken, userId: 'never-seen' })).status).toBe(201);
    for (const userId of ['用户名字', 'with space', 'a/b/c/d', 'guest-1', 'Guest-1', 'x'.repeat(65), ''])
      expect(refusal(await login({ appId, appToken, userId }))).toEqual([400, 'INVALID_REQUEST', 'userId']);
    for (const key of [appSecret, `${appToken}x`])
      expect(refusal(await login({ appId, appToken: key, userId: 'never-seen' }))).toEqual([401, 'BAD_CREDENTIALS']);
    // 5 to 20 characters are advice, until the app makes a rule of it.
    const advised = await login({ appId, appToken, userId: 'four' });
    expect(advised).toMatchObject({ status: 201, body: { warnings: [{ field: 'userId' }] } });
    expect((await login({ appId, appToken, userId: 'fiver' })).body).not.toHaveProperty('warnings');
    const own = await anApp(parley, { settings: { userIdRule: { minLength: 5, maxLength: 20 } } });
    const ruled = await login({ appId: own.appId, appToken: own.appToken, userId: 'four' });
    expect(refusal(ruled)).toEqual([400, 'INVALID_REQUEST', 'userId']);
    expect(String(ruled.body.error?.message)).toContain('settings.userIdRule');
  });

  it('where the app closed the door of its login key, only its server lets users in', async () => {
    const { appId, appToken, api } = await anApp(parley, { settings: { loginByAppToken: false } });
    expect(refusal(await login({ appId, appToken, userId: 'somebody' }))).toEqual([403, 'FORBIDDEN', 'appToken']);
    const { token } = await ok(api.post('/v1/users/somebody/tokens', {}));
    expect((await parley.api.as({ bearer: String(token) }).get('/v1/conversations')).status).toBe(200);
  });

  it('Y33 Y31: where to connect is told at login and is an app’s own setting', async () => {
    const endpoints = ['https://im.example.com:8883', 'http://203.0.113.7:8883'];
    const app = await anApp(parley, { settings: { endpoints } });
    const { appId, appToken } = app;
    expect((await login({ appId, appToken, userId: 'user-1' })).body.endpoints).toEqual(endpoints);
    const usual = { appId: arbitrary.appId, appToken: arbitrary.appToken, userId: 'user-1' };
    expect((await login(usual)).body.endpoints).toEqual([]);
    const told = { PUBLIC_URL: 'https://chat.example.com', ENDPOINTS: endpoints.join(',') };
    for (const env of [{ PUBLIC_URL: told.PUBLIC_URL }, told]) {
      const deployment = await parley.another(env);
      const answer = await ok(deployment.api.post('/v1/sessions', usual));
      expect(answer.endpoints).toEqual('ENDPOINTS' in env ? endpoints : [told.PUBLIC_URL]);
      await deployment.stop();
    }
  });

  it('T1: beyond the trial plan a user is one too many, by the name of the quota', async () => {
    const app = await anApp(parley);
    const path = `/v1/operator/developers/${app.developer.accountSid}`;
    await ok(operator(parley).patch(path, { plan: 'trial' }));
    const batch = await ok(
      app.api.post<{ items: { ok: boolean }[] }>(
        '/v1/users',
        upTo(100).map((n) => ({ userId: `trial-${n}` })),
      ),
    );
    expect(batch.items.every((item) => item.ok)).toBe(true);
    const more = await app.api.post('/v1/users', { userId: 'one-too-many' });
    expect(more).toMatchObject({
      status: 429,
      body: { error: { code: 'QUOTA_EXCEEDED', details: { quota: 'users', limit: 100 } } },
    });
    const entering = await login({ appId: app.appId, appToken: app.appToken, userId: 'another-one' });
    expect(refusal(entering)).toEqual([429, 'QUOTA_EXCEEDED']);
    expect((await ok(app.api.get('/v1/limits'))).quotas).toEqual({ users: 100, groupMembers: 20, historyDays: 7 });
  });

  it('T3 T4 T5 T6 T7: a token has the life that was asked for, can be examined, and a bad one is refused with code and text', async () => {
    const user = await aUser(arbitrary);
    const path = `/v1/users/${user.userId}/tokens`;
    const before = Date.now();
    const { token, expiresAt } = await ok(arbitrary.api.post<Record<string, string>>(path, { ttlSeconds: 3600 }));
    expect(Math.abs(Date.parse(expiresAt) - before - 3_600_000)).toBeLessThan(60_000);
    for (const ttlSeconds of [59, 30 * 86_400 + 1, 1.5, '60'])
      expect(refusal(await arbitrary.api.post(path, { ttlSeconds }))).toEqual([400, 'INVALID_REQUEST', 'ttlSeconds']);
    const verdict = (given: string, app = arbitrary) => ok(app.api.post('/v1/tokens/verify', { token: given }));
    expect(await verdict(token)).toMatchObject({ valid: true, userId: user.userId });
    expect(await verdict(`${token}x`)).toMatchObject({ valid: false });
    expect(await verdict(token, fixed)).toMatchObject({ valid: false });

    for (const bad of [`${token.slice(0, -3)}AAA`, `${token}x`, 'x.y.z', '']) {
      await expect(connect(parley.url, bad)).rejects.toMatchObject({
        error: { code: expect.stringMatching(/^(BAD_CREDENTIALS|UNAUTHENTICATED)$/), message: expect.any(String) },
      });
      if (bad) expect((await parley.api.as({ bearer: bad }).get('/v1/conversations')).status).toBe(401);
    }
    await expect(connect('http://127.0.0.1:9', token)).rejects.toThrow(/websocket error|ECONNREFUSED/);
  });

  it('D12: fifty users online at once are counted, and each is answered', async () => {
    const app = await anApp(parley);
    const devices = await Promise.all(
      upTo(50).map(async (n) => connect(parley.url, (await aSession({ app, userId: `crowd-${n}` })).token)),
    );
    expect(await ok(app.api.get('/v1/stats/online'))).toMatchObject({ online: 50 });
    const acks = await Promise.all(
      devices.map((device, n) => device.tell('message:send', aText(`crowd-${((n + 1) % 50) + 1}`, `from ${n + 1}`))),
    );
    expect(acks.map(({ seq }) => seq)).toEqual(acks.map(() => 1));
    for (const device of devices) await device.next('message:new');
    const presence = await ok(app.api.get<{ items: object[] }>('/v1/presence?userIds=crowd-7,nobody-at-all'));
    expect(presence.items).toEqual([
      { userId: 'crowd-7', online: true },
      { userId: 'nobody-at-all', online: false },
    ]);
    for (const device of devices) device.close();
  });
});

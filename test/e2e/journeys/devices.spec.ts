import {
  aConnectedUser,
  anApp,
  aSession,
  aUser,
  operator,
  type ConnectedUser,
  type TestApp,
  type TestSession,
} from '../../support/builders';
import { eventually } from '../../support/eventually';
import { startParley, type Parley } from '../../support/harness';
import { ok, type Answer } from '../../support/http';
import { aText, between } from '../../support/messages';
import { connect, Refused, type Device } from '../../support/socket';

const codeOf = ({ status, body }: Answer): unknown[] => [status, (body.error as unknown as { code?: string })?.code];

describe('one user, several devices', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley();
  });
  afterAll(() => parley?.stop());

  const onlineCount = async ({ api }: TestApp): Promise<number> =>
    Number((await ok(api.get('/v1/stats/online'))).online);
  const refusalOf = (connecting: Promise<Device>): Promise<Refused> =>
    connecting.then(
      () => Promise.reject(new Error('the handshake was accepted')),
      (error: unknown) => {
        if (error instanceof Refused) return error;
        throw error;
      },
    );
  const expectDead = async ({ api, token, user }: TestSession, code: string, status = 401): Promise<void> => {
    expect(codeOf(await api.get('/v1/conversations'))).toEqual([status, code]);
    expect(codeOf(await api.post('/v1/messages', aText('peer-1', 'no')))).toEqual([status, code]);
    const refused = await refusalOf(connect(user.app.parley.url, token, { id: 'back-again' }));
    expect(refused.error).toMatchObject({ code, message: expect.any(String), traceId: expect.any(String) });
  };

  it.each([
    ['single', { kind: 'single' }, ['ios', 'web'], [0]],
    ['one per platform', { kind: 'one-per-platform' }, ['ios', 'web', 'ios'], [0]],
    ['up to two', { kind: 'multi', max: 2 }, ['ios', 'web', 'ios', 'android'], [0, 1]],
  ])(
    'E32: under the policy %s whoever must go is told by whom, and its token is refused',
    async (_, devicePolicy, platforms, losers) => {
      const app = await anApp(parley, { settings: { devicePolicy } });
      const user = await aUser(app);
      const logins: (TestSession & { device: Device })[] = [];
      for (const platform of platforms) {
        const session = await aSession(user);
        logins.push({ ...session, device: await connect(parley.url, session.token, { platform }) });
      }
      for (const index of losers) {
        const { device, ...session } = logins[index];
        const kicked = await device.next('session:kicked');
        expect(kicked).toEqual({ reason: 'multi-login', byPlatform: expect.any(String) });
        expect(await device.ended()).toBe('io server disconnect');
        await expectDead(session, 'TOKEN_REVOKED');
      }
      expect(logins[losers[0]].device.all('session:kicked')).toEqual([
        { reason: 'multi-login', byPlatform: platforms[platforms.length - losers.length] },
      ]);
      const stay = logins.filter((_one, index) => !losers.includes(index));
      for (const { device } of stay) await device.tell('sync:heads', { conversations: [] });
      expect(stay.flatMap(({ device }) => device.all('session:kicked'))).toEqual([]);
      expect(await onlineCount(app)).toBe(1);
      for (const { device } of stay) device.close();
    },
  );

  it('I12: nothing that a login sends after another has taken its place is stored, whatever the door', async () => {
    const app = await anApp(parley, { settings: { devicePolicy: { kind: 'single' } } });
    const peer = await aUser(app);
    const user = await aUser(app);
    const [old, young] = [await aSession(user), await aSession(user)];
    const device = await connect(parley.url, old.token);
    let replaced = false;
    let over = false;
    const late: string[] = [];
    const sending = ['socket', 'rest', 'rest'].map(async (door, lane) => {
      for (let n = 0; !over; n++) {
        const text = `${lane}.${n}`;
        if (replaced) late.push(text);
        const command = aText(peer.userId, text);
        if (door === 'rest') await old.api.post('/v1/messages', command);
        else if (device.closed) return;
        else
          await device.socket
            .timeout(200)
            .emitWithAck('message:send', command)
            .catch(() => undefined);
      }
    });
    await eventually('something was sent', async () => {
      const page = await app.api.get(`/v1/conversations/${between(user.userId, peer.userId)}/messages`);
      return page.status === 200 && (page.body.items as unknown as unknown[]).length > 5;
    });
    const winner = await connect(parley.url, young.token);
    replaced = true;
    await device.ended();
    await eventually('some were sent too late', () => late.length > 20);
    over = true;
    await Promise.all(sending);

    const stored: string[] = [];
    let next = 'after=0';
    while (next) {
      const path = `/v1/conversations/${between(user.userId, peer.userId)}/messages?limit=100&${next}`;
      const page = await ok(app.api.get<{ items: { body: { text: string } }[]; nextCursor?: string }>(path));
      stored.push(...page.items.map(({ body }) => body.text));
      next = page.nextCursor ? `cursor=${page.nextCursor}` : '';
    }
    expect(stored.filter((text) => late.includes(text))).toEqual([]);
    expect(await winner.tell('message:send', aText(peer.userId, 'mine'))).toMatchObject({ seq: stored.length + 1 });
    winner.close();
  });

  it('D2 D3: the same device replaces its own connection, which is told so, and the online count is right throughout', async () => {
    const app = await anApp(parley);
    const session = await aSession(await aUser(app));
    expect(await onlineCount(app)).toBe(0);
    const first = await connect(parley.url, session.token, { id: 'the-phone' });
    expect(await onlineCount(app)).toBe(1);
    const second = await connect(parley.url, session.token, { id: 'the-phone' });
    await first.ended();
    expect(first.all('session:kicked')).toEqual([{ reason: 'replaced' }]);
    expect(await onlineCount(app)).toBe(1);
    first.close();
    expect(await onlineCount(app)).toBe(1);
    expect(await second.tell('sync:heads', { conversations: [] })).toMatchObject({ conversations: [] });
    second.close();
    await eventually('nobody is online', async () => (await onlineCount(app)) === 0);
  });

  it('a session that the app server deletes is told, disconnected, and refused at once through both doors', async () => {
    const app = await anApp(parley);
    const user = await aUser(app);
    const [one, other] = [await aSession(user), await aSession(user)];
    const [first, second] = [await connect(parley.url, one.token), await connect(parley.url, other.token)];
    const { items } = await ok(app.api.get<{ items: { sessionId: string }[] }>(`/v1/users/${user.userId}/sessions`));
    expect(items.map(({ sessionId }) => sessionId).sort()).toEqual([one.sessionId, other.sessionId].sort());

    await ok(app.api.delete(`/v1/users/${user.userId}/sessions/${one.sessionId}`));
    await expectDead(one, 'TOKEN_REVOKED');
    expect(await first.next('session:kicked')).toEqual({ reason: 'revoked' });
    expect(await first.ended()).toBe('io server disconnect');
    await second.tell('sync:heads', { conversations: [] });

    await ok(other.api.delete('/v1/sessions/current'));
    await expectDead(other, 'TOKEN_REVOKED');
    expect(await second.ended()).toBe('io server disconnect');

    const third = await aSession(user);
    await ok(app.api.delete(`/v1/users/${user.userId}/sessions`));
    await expectDead(third, 'TOKEN_REVOKED');
  });

  it('a token near its end is warned of, renewed without a break, and lives on as the same session', async () => {
    const app = await anApp(parley);
    const user = await aUser(app);
    const path = `/v1/users/${user.userId}/tokens`;
    const { token } = await ok(app.api.post<{ token: string }>(path, { ttlSeconds: 60 }));
    const device = await connect(parley.url, token);
    const { expiresAt } = await device.next('session:expiring');
    const renewed = await ok(
      parley.api.as({ bearer: token }).post<{ token: string; expiresAt: string }>('/v1/sessions/current/renew', {}),
    );
    expect(Date.parse(renewed.expiresAt)).toBeGreaterThan(Date.parse(expiresAt));
    expect(await device.tell('session:renew', { token: renewed.token })).toEqual({ expiresAt: renewed.expiresAt });
    const foreign = await aSession(await aUser(app));
    expect(await device.ask('session:renew', { token: foreign.token })).toMatchObject({
      ok: false,
      error: { code: 'BAD_CREDENTIALS' },
    });
    expect(await device.tell('sync:heads', { conversations: [] })).toMatchObject({ userSeq: 0 });
    device.close();
  });

  describe('whose app goes away', () => {
    let app: TestApp;
    let ann: ConnectedUser;
    let bob: ConnectedUser;
    beforeAll(async () => {
      app = await anApp(parley, { mode: 'fixed' });
      [ann, bob] = [await aConnectedUser(app), await aConnectedUser(app)];
      await ann.device.tell('message:send', aText(bob.userId, 'before'));
    });

    it.each([
      ['offline', 'APP_NOT_ONLINE'],
      ['suspended', 'APP_SUSPENDED'],
    ])(
      'Y6: %s, it refuses every call of users and app server, tells its sockets, and comes back as it was',
      async (state, code) => {
        const decide = (what: string) =>
          state === 'offline'
            ? ok(app.developer.api.post(`/v1/apps/${app.appId}/${what === 'stop' ? 'offline' : 'online'}`, {}))
            : ok(operator(parley).post(`/v1/operator/apps/${app.appId}/${what === 'stop' ? 'suspend' : 'resume'}`, {}));
        const device = await connect(parley.url, ann.token);
        await decide('stop');
        expect(await device.next('session:kicked')).toEqual({ reason: 'app-offline' });
        expect(await device.ended()).toBe('io server disconnect');
        await expectDead(ann, code, 403);
        for (const call of [
          app.api.get('/v1/users'),
          app.api.post('/v1/messages', aText(bob.userId, 'no')),
          app.api.get(`/v1/conversations/${between(ann.userId, bob.userId)}/messages`),
          parley.api.post('/v1/sessions', { appId: app.appId, account: ann.user.account, password: ann.user.password }),
        ])
          expect(codeOf(await call)).toEqual([403, code]);

        await decide('start');
        const again = await connect(parley.url, ann.token);
        const { items } = await again.tell('conversation:pull', { conversationId: between(ann.userId, bob.userId) });
        expect(items).toHaveLength(1);
        again.close();
      },
    );
  });
});

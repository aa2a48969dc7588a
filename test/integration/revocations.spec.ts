import {
  aDeveloper,
  anApp,
  aSession,
  aUser,
  operator,
  type TestApp,
  type TestDeveloper,
  type TestSession,
} from '../support/builders';
import { eventually } from '../support/eventually';
import { startParley, type Parley } from '../support/harness';
import { ok, type Answer } from '../support/http';
import { aText, upTo } from '../support/messages';
import { connect, type Device, Refused } from '../support/socket';
import { Bus } from '../../src/platform/realtime/bus';

jest.setTimeout(180_000);

const TRIES = 2;
const LEASE_MS = 400;

type Revoke = (app: TestApp, session: TestSession) => Promise<Answer<unknown>>;

const ofUser = (path = ''): Revoke => {
  return (app, { user }) => app.api.delete(`/v1/users/${user.userId}${path}`);
};

/** What ends a user's login, and what its token is told from then on. */
const REVOCATIONS: Record<string, { revoke: Revoke; code: string; mode?: 'fixed'; ofDeveloper?: true }> = {
  'all sessions of a user': { revoke: ofUser('/sessions'), code: 'TOKEN_REVOKED' },
  'one session': {
    revoke: (app, { user, sessionId }) => app.api.delete(`/v1/users/${user.userId}/sessions/${sessionId}`),
    code: 'TOKEN_REVOKED',
  },
  'a logout': { revoke: (_, { api }) => api.delete('/v1/sessions/current'), code: 'TOKEN_REVOKED' },
  'all sessions of an app': {
    revoke: ({ developer, appId }) => developer.api.delete(`/v1/apps/${appId}/sessions`),
    code: 'TOKEN_REVOKED',
  },
  'a deactivation': {
    revoke: (app, { user }) => app.api.post(`/v1/users/${user.userId}/deactivate`, {}),
    code: 'USER_DEACTIVATED',
  },
  'a deletion': { revoke: ofUser(), code: 'TOKEN_REVOKED' },
  'a new password': {
    revoke: (app, { user }) => app.api.put(`/v1/users/${user.userId}/password`, { newPassword: 'another password' }),
    code: 'TOKEN_REVOKED',
    mode: 'fixed',
  },
  'an app that goes offline': {
    revoke: ({ developer, appId }) => developer.api.post(`/v1/apps/${appId}/offline`, {}),
    code: 'APP_NOT_ONLINE',
  },
  'a suspended app': {
    revoke: ({ parley, appId }) => operator(parley).post(`/v1/operator/apps/${appId}/suspend`, {}),
    code: 'APP_SUSPENDED',
  },
  'a suspended developer': {
    revoke: ({ parley, developer }) =>
      operator(parley).post(`/v1/operator/developers/${developer.accountSid}/suspend`, {}),
    code: 'APP_SUSPENDED',
    ofDeveloper: true,
  },
  'a secret that is rotated away': {
    revoke: ({ developer, appId }) => developer.api.post(`/v1/apps/${appId}/secrets`, { overlapSeconds: 0 }),
    code: 'BAD_CREDENTIALS',
  },
};

/** What an event of a socket came to: the refusal's code, or `closed` where nobody answered it. */
async function told(device: Device, event: 'message:send' | 'sync:heads', data: object): Promise<string | undefined> {
  if (!device.socket.connected) return 'closed';
  const answer: unknown = await device.socket
    .timeout(1000)
    .emitWithAck(event, data)
    .catch(() => 'closed');
  return typeof answer === 'string' ? answer : (answer as { error?: { code: string } }).error?.code;
}

const codeOf = async (call: Promise<Answer<{ error?: { code: string } }>>) => (await call).body.error?.code;

describe('what the answer to a revocation promised', () => {
  let here: Parley;
  let there: Parley;
  let developer: TestDeveloper;
  beforeAll(async () => {
    here = await startParley();
    there = await here.another();
    developer = await aDeveloper(here);
    await eventually('the nodes know each other', () =>
      [here, there].every(({ app }) => app.get(Bus, { strict: false }).peers.length === 1),
    );
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  it.each(Object.entries(REVOCATIONS))(
    'holds on the other node at once, for reads, sends, sockets and handshakes: %s',
    async (_, { revoke, code, mode, ofDeveloper }) => {
      for (let tries = 0; tries < TRIES; tries++) {
        const app = await anApp(here, { mode, ...(!ofDeveloper && { developer }) });
        const session = await aSession(await aUser(app));
        const peer = await aUser(app);
        const api = there.api.as({ bearer: session.token });
        const device = await connect(there.url, session.token);
        await ok(api.get('/v1/conversations'));
        await ok(api.post('/v1/messages', aText(peer.userId, 'while it may')));

        await ok(revoke(app, session));
        const seen = await Promise.all([
          codeOf(api.get('/v1/conversations')),
          codeOf(api.post('/v1/messages', aText(peer.userId, 'by the old token'))),
          told(device, 'sync:heads', { conversations: [] }),
          told(device, 'message:send', aText(peer.userId, 'by the old socket')),
          connect(there.url, session.token).then(
            () => 'connected',
            (error: unknown) => (error instanceof Refused ? error.error.code : String(error)),
          ),
        ]);
        expect(seen).toEqual([code, code, 'closed', 'closed', code]);
        device.close();
      }
    },
  );

  it('holds for an app server too: its old secret, its app, its developer', async () => {
    for (let tries = 0; tries < TRIES; tries++) {
      const app = await anApp(here);
      const asServer = there.api.as({ basic: [app.appId, app.appSecret] });
      const asDeveloper = there.api.as(app.developer.credential);
      await ok(asServer.get('/v1/users'));
      await ok(asDeveloper.get('/v1/apps'));
      await ok(app.developer.api.post(`/v1/apps/${app.appId}/secrets`, { overlapSeconds: 0 }));
      expect(await codeOf(asServer.get('/v1/users'))).toBe('BAD_CREDENTIALS');
      await ok(operator(here).post(`/v1/operator/developers/${app.developer.accountSid}/suspend`, {}));
      expect(await codeOf(asDeveloper.get('/v1/apps'))).toBe('DEVELOPER_SUSPENDED');
    }
  });

  it('costs reads no round trip each', async () => {
    const session = await aSession(await aUser(await anApp(here)));
    const api = there.api.as({ bearer: session.token });
    await ok(api.get('/v1/conversations'));
    const asked = jest.spyOn(there.sql, 'rows');
    for (const _ of upTo(20)) await ok(api.get('/v1/conversations'));
    const proofs = asked.mock.calls.filter(([text]) => /FROM sessions s JOIN users|FROM apps a/.test(text));
    asked.mockRestore();
    expect(proofs.length).toBeLessThan(8);
  });
});

describe('what the answer to a revocation promised, while no node hears another', () => {
  let here: Parley;
  let there: Parley;
  let developer: TestDeveloper;
  beforeAll(async () => {
    const env = { REDIS_URL: 'redis://127.0.0.1:1', REALTIME_PROOF_LEASE_MS: String(LEASE_MS) };
    here = await startParley(env);
    there = await here.another(env);
    developer = await aDeveloper(here);
  });
  afterAll(async () => {
    await there.stop();
    await here.stop();
  });

  it.each(['all sessions of a user', 'all sessions of an app', 'an app that goes offline'])(
    'holds for reads and for whatever is stored: %s',
    async (name) => {
      const { revoke, code } = REVOCATIONS[name];
      for (let tries = 0; tries < TRIES; tries++) {
        const app = await anApp(here, { developer });
        const session = await aSession(await aUser(app));
        const peer = await aUser(app);
        const api = there.api.as({ bearer: session.token });
        const device = await connect(there.url, session.token);
        await ok(api.get('/v1/conversations'));
        await ok(revoke(app, session));
        const seen = await Promise.all([
          codeOf(api.get('/v1/conversations')),
          codeOf(api.post('/v1/messages', aText(peer.userId, 'by the old token'))),
          told(device, 'message:send', aText(peer.userId, 'by the old socket')),
        ]);
        expect([seen[0], seen[1]]).toEqual([code, code]);
        expect([code, 'closed']).toContain(seen[2]);
        device.close();
      }
    },
  );
});

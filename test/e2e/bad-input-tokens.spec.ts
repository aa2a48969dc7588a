import { randomBytes } from 'node:crypto';
import { signToken } from '../../src/modules/accounts/user-token';
import { deriveKey } from '../../src/platform/secrets/keys';
import { aConnectedUser, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { connect, Refused } from '../support/socket';

const REFUSED = /^(UNAUTHENTICATED|BAD_CREDENTIALS|TOKEN_EXPIRED|TOKEN_REVOKED|TOKEN_NOT_YET_VALID)$/;
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token that is not what the server signed', () => {
  let parley: Parley;
  let app: TestApp;
  let other: TestApp;
  let ann: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    other = await anApp(parley, { developer: app.developer });
    ann = await aConnectedUser(app);
  });
  afterAll(() => parley.stop());

  /** Every way in which ann's token, or one like it, can be wrong. */
  async function forgeries(): Promise<Record<string, string>> {
    const [header = '', payload = '', signature = ''] = ann.token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown> & {
      iat: number;
    };
    const key = { kid: 1, key: deriveKey(app.appSecret, 'im-user-token') };
    const foreignKey = { kid: 1, key: deriveKey(other.appSecret, 'im-user-token') };
    const sign = (changed: object, by = key) => signToken({ ...claims, ...changed } as never, by);
    const flipped = (at: number): string => {
      const letter = ann.token[at] === 'A' ? 'B' : 'A';
      return ann.token.slice(0, at) + letter + ann.token.slice(at + 1);
    };
    const twin = await aSession(await aUser(other, { userId: ann.userId }));
    const now = Math.floor(Date.now() / 1000);
    return {
      ...Object.fromEntries(
        Array.from({ length: 40 }, (_, i) => Math.floor((i * ann.token.length) / 40)).map((at) => [
          `a letter changed at ${at}`,
          flipped(at),
        ]),
      ),
      ...Object.fromEntries([1, 10, signature.length].map((n) => [`${n} letters short`, ann.token.slice(0, -n)])),
      'two parts': `${header}.${payload}`,
      'four parts': `${ann.token}.${signature}`,
      'no signature': `${header}.${payload}.`,
      'alg none': `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      'alg HS256': `${part({ alg: 'HS256', typ: 'JWT' })}.${payload}.${signature}`,
      'another version': `${part({ v: 2, kid: 1 })}.${payload}.${signature}`,
      'a kid that is no number': `${part({ v: 1, kid: '../../etc/passwd' })}.${payload}.${signature}`,
      'a kid that nobody has': `${part({ v: 1, kid: 999 })}.${payload}.${signature}`,
      'another user, unsigned': `${header}.${part({ ...claims, sub: 'somebody' })}.${signature}`,
      'a longer life, unsigned': `${header}.${part({ ...claims, exp: 2 ** 31 })}.${signature}`,
      'another app, unsigned': `${header}.${part({ ...claims, app: other.appId })}.${signature}`,
      'a key of another app': sign({}, foreignKey),
      'another app, by our key': sign({ app: other.appId }),
      'an app that does not exist': sign({ app: 'app_nothing' }),
      'a login that does not exist': sign({ sid: 'nothing' }),
      'the login of another app': sign({ sid: twin.sessionId }),
      'the login of another user': sign({ sid: (await aSession(await aUser(app))).sessionId }),
      'a user that does not exist': sign({ sub: 'somebody' }),
      'an audience of its own': sign({ aud: 'push' }),
      'a signing in the future': sign({ iat: now + 7200, exp: now + 9000 }),
      'an end in the past': sign({ iat: now - 9000, exp: now - 7200 }),
      'a life beyond all limits': sign({ iat: now - 40 * 86_400, exp: now + 365 * 86_400 }),
      'times that are no numbers': sign({ iat: 'now', exp: 'then' }),
      'an id that is an object': sign({ sub: { toString: 'x' } }),
      'bytes at random': randomBytes(96).toString('base64url'),
      'nothing but dots': '...',
      'four thousand letters': 'x'.repeat(4000),
    };
  }

  it('opens neither door, nor prolongs a connection', async () => {
    const device = await connect(parley.url, ann.token);
    const accepted: string[] = [];
    const all = Object.entries(await forgeries());
    expect(all.length).toBeGreaterThan(60);
    for (const [what, token] of all) {
      const { status, body } = await parley.api.as({ bearer: token }).get('/v1/conversations');
      if (status !== 401 || !REFUSED.test(String(body.error?.code))) accepted.push(`REST: ${what}: ${status}`);
      const refusal = await connect(parley.url, token).then(
        (open) => (open.close(), 'let in'),
        (error: unknown) => (error instanceof Refused ? String(error.error.code) : String(error)),
      );
      // A token too long to be one is refused as bad input.
      const asInput = refusal === 'INVALID_REQUEST' && token.length > 1024;
      if (!REFUSED.test(refusal) && !asInput) accepted.push(`handshake: ${what}: ${refusal}`);
      const ack = await device.ask('session:renew', { token });
      const code = ack.ok ? 'renewed' : ack.error.code;
      if (!REFUSED.test(code) && !(code === 'INVALID_REQUEST' && token.length > 1024))
        accepted.push(`renew: ${what}: ${code}`);
    }
    expect(accepted).toEqual([]);
    expect(device.closed).toBeUndefined();
    expect((await ann.api.get('/v1/conversations')).status).toBe(200);
  });

  it('is no token in any other disguise', async () => {
    const { accountSid, authToken } = app.developer;
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const headers = [
      '',
      'Bearer',
      'Bearer ',
      `bearer${ann.token}`,
      `Digest ${ann.token}`,
      basic(ann.token),
      basic(`${app.appId}:`),
      basic(`:${app.appSecret}`),
      basic(`${app.appId}:${app.appSecret}x`),
      basic(`${app.appId}:${app.appToken}`),
      basic(`${other.appId}:${app.appSecret}`),
      basic(`${accountSid}:${app.appSecret}`),
      basic(`${app.appId}:${authToken}`),
      basic(`ü:${app.appSecret}`),
      basic("' OR 1=1 -- :x"),
      `Bearer ${app.appSecret}`,
      `Bearer ${'x'.repeat(5000)}`,
    ];
    const answers = await Promise.all(
      headers.map(async (authorization) => {
        const { status, body } = await parley.api.get('/v1/users', { authorization });
        return { authorization: authorization.slice(0, 30), status, known: REFUSED.test(String(body.error?.code)) };
      }),
    );
    expect(answers.filter(({ status, known }) => status !== 401 || !known)).toEqual([]);
  });
});

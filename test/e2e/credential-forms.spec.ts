import { anApp, aConnectedUser, type ConnectedUser, type TestApp } from '../support/builders';
import { OPERATOR_TOKEN, type Parley, startParley } from '../support/harness';
import { connect } from '../support/socket';

interface Refusal {
  error: { code: string; field?: string; message: string };
}

describe('a right credential in the wrong form', () => {
  let parley: Parley;
  let app: TestApp;
  let ann: ConnectedUser;
  beforeAll(async () => {
    parley = await startParley();
    app = await anApp(parley);
    ann = await aConnectedUser(app);
  });
  afterAll(() => parley.stop());

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const refusal = async (path: string, authorization?: string) => {
    const { status, body } = await parley.api.get<Refusal>(path, authorization === undefined ? {} : { authorization });
    const { code, field, message } = body.error;
    return { status, code, field, message };
  };

  it.each<[string, () => string | undefined, string, RegExp]>([
    ['none', () => undefined, 'UNAUTHENTICATED', /send the header Authorization/],
    ['a token without Bearer', () => ann.token, 'BAD_CREDENTIALS', /holds Bearer and a user's token/],
    ['a token as Basic', () => `Basic ${ann.token}`, 'BAD_CREDENTIALS', /token and the operator's go with Bearer/],
    ['another scheme', () => `Token ${ann.token}`, 'BAD_CREDENTIALS', /holds Bearer and a user's token/],
    [
      'an appToken as Bearer',
      () => `Bearer ${app.appToken}`,
      'UNAUTHENTICATED',
      /POST \/v1\/sessions \{appId, appToken/,
    ],
    ["the operator's as Basic", () => `Basic ${base64(`op:${OPERATOR_TOKEN}`)}`, 'BAD_CREDENTIALS', /go with Bearer/],
    ['an e-mail', () => `Basic ${base64('me@example.com:secret')}`, 'BAD_CREDENTIALS', /use accountSid:authToken/],
    ['a wrong secret', () => `Basic ${base64(`${app.appId}:no`)}`, 'BAD_CREDENTIALS', /Wrong credentials: check/],
  ])('in the header is named, with the right one: %s', async (_, credential, code, says) => {
    expect(await refusal('/v1/conversations', credential())).toEqual({
      status: 401,
      code,
      field: 'authorization',
      message: expect.stringMatching(says),
    });
  });

  it('does not tell an app that exists from one that does not', async () => {
    const { message } = await refusal('/v1/users', `Basic ${base64(`${app.appId}:no`)}`);
    expect((await refusal('/v1/users', `Basic ${base64('app_00000000000000000000:no')}`)).message).toBe(message);
  });

  it.each([
    ['with Bearer before it', () => `Bearer ${ann.token}`, /token alone, without "Bearer"/],
    ['that is an appToken', () => app.appToken, /no user token; one comes from POST \/v1\/sessions/],
  ])('in a handshake is named: a token %s', async (_, token, says) => {
    await expect(connect(parley.url, token())).rejects.toMatchObject({
      error: { code: 'BAD_CREDENTIALS', field: 'token', message: expect.stringMatching(says) },
    });
  });

  it('does not make an operator believe that /metrics has another path', async () => {
    expect(await refusal('/metrics', `Bearer ${OPERATOR_TOKEN}x`)).toMatchObject({
      status: 404,
      code: 'ROUTE_NOT_FOUND',
      message: expect.stringContaining('Authorization: Bearer OPERATOR_TOKEN'),
    });
  });

  it('and a setting that does not exist is answered with those that do something', async () => {
    const { body } = await app.developer.api.patch<Refusal>(`/v1/apps/${app.appId}`, { settings: { nothing: 1 } });
    const { error } = body;
    expect(error).toMatchObject({ field: 'settings.nothing', message: expect.stringContaining('devicePolicy') });
    expect(error.message).not.toContain('callbackUrl');
  });
});

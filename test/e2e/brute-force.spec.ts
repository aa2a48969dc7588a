import { aDeveloper, anApp, aUser, PASSWORD, type TestApp } from '../support/builders';
import { OPERATOR_TOKEN, startParley, type Parley } from '../support/harness';
import { http, ok, type Answer } from '../support/http';

const WRONG_MAX = 4;
const BURST = 6;

/** Tests say which address they come from; the product reads it as it would behind a proxy. */
let parley: Parley;
let app: TestApp;
let addresses = 0;
const anAddress = (): string => `10.1.${++addresses >> 8}.${addresses & 255}`;
const from = (address: string) => ({ 'x-forwarded-for': address });

beforeAll(async () => {
  parley = await startParley({
    TRUST_PROXY: '1',
    LIMIT_PASSWORDS_PER_SECOND: '1',
    LIMIT_PASSWORDS_BURST: `${BURST}`,
    LIMIT_APP_PASSWORDS_PER_SECOND: '1',
    LIMIT_APP_PASSWORDS_BURST: `${BURST + 2}`,
    LIMIT_FAILED_LOGINS_MAX: `${WRONG_MAX}`,
  });
  app = await anApp(parley, { mode: 'fixed' });
}, 60_000);
afterAll(() => parley.stop());

const logIn = (address: string, body: object): Promise<Answer> =>
  parley.api.post('/v1/sessions', { appId: app.appId, ...body }, from(address));
const times = <T>(count: number, one: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, n) => one(n)));
const limited = (answers: readonly Answer[], budget: string): Answer[] =>
  answers.filter(({ status, body }) => status === 429 && String(body.error?.details?.budget) === budget);
/** The same with another tenant's user, whose password was chosen. */
async function aStranger(): Promise<() => Promise<Answer>> {
  const other = await anApp(parley, { mode: 'fixed' });
  const { userId } = await aUser(other, { password: 'a stranger’s password' });
  const address = anAddress();
  const body = { appId: other.appId, userId, password: 'a stranger’s password' };
  return () => parley.api.post('/v1/sessions', body, from(address));
}

describe('passwords tried', () => {
  it('by one address at many accounts are few, and a stranger of another tenant gets in meanwhile', async () => {
    const stranger = await aStranger();
    const flooder = anAddress();
    const flood = times(60, (n) => logIn(flooder, { account: `account-${n}`, password: `guess-${n}` }));
    const signUps = times(20, (n) =>
      parley.api.post('/v1/developers', { email: `x${n}@example.com`, password: 'abcdefg', name: 'x' }, from(flooder)),
    );
    expect((await stranger()).status).toBe(201);
    const answers = [...(await flood), ...(await signUps)];
    const refused = limited(answers, 'passwords');
    // Some come back while the flood lasts.
    expect(answers.length - refused.length).toBeLessThan(2 * BURST);
    for (const { headers, body } of refused) {
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(Number(body.error?.retryAfterMs)).toBeGreaterThan(0);
    }
    expect((await stranger()).status).toBe(201);
  });

  it('by many addresses at one app wait behind each other, and not before another tenant', async () => {
    const stranger = await aStranger();
    let waiting = 20;
    const flood = times(waiting, () =>
      logIn(anAddress(), { account: `account-${addresses}`, password: 'guess' }).finally(() => waiting--),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await stranger()).status).toBe(201);
    expect(waiting).toBeGreaterThan(10);
    await flood;
  }, 60_000);

  it('where one got in before are not refused for what others try from the same address', async () => {
    const { userId } = await aUser(app, { password: 'ann’s password' });
    const office = anAddress();
    const ann = () => logIn(office, { userId, password: 'ann’s password' });
    expect((await ann()).status).toBe(201);
    const flood = await times(BURST + 5, (n) => logIn(office, { account: `account-${n}`, password: 'guess' }));
    expect(limited(flood, 'passwords').length).toBeGreaterThan(0);
    expect((await ann()).status).toBe(201);
  });
});

describe('wrong passwords for one account', () => {
  it('make their address wait, whatever the account is called by, and its owner comes in from elsewhere', async () => {
    const made = await ok(app.api.post('/v1/users', { userId: 'public-name', password: 'right password' }));
    const [guesser, owner] = [anAddress(), anAddress()];
    const names = [{ userId: 'public-name' }, { account: String(made.account) }];
    const guesses: Answer[] = [];
    for (let n = 0; n < WRONG_MAX + 2; n++)
      guesses.push(await logIn(guesser, { ...names[n % 2], password: `guess-${n}` }));
    expect(guesses.map(({ status }) => status)).toEqual([...new Array(WRONG_MAX).fill(401), 429, 429]);
    expect(limited(guesses, 'failedLogins')).toHaveLength(2);
    // A right one is not looked at either: else the limit would be none.
    expect((await logIn(guesser, { userId: 'public-name', password: 'right password' })).status).toBe(429);
    for (const name of names) expect((await logIn(owner, { ...name, password: 'right password' })).status).toBe(201);
  });

  it('count when a password is changed as well, for whoever has the token', async () => {
    const { userId } = await aUser(app, { password: 'right password' });
    const thief = anAddress();
    const { token } = (await logIn(anAddress(), { userId, password: 'right password' })).body;
    const api = http(parley.url).as({ bearer: String(token) });
    const change = (oldPassword: string) =>
      api.send('PUT', `/v1/users/${userId}/password`, { oldPassword, newPassword: 'another one' }, from(thief));
    for (let n = 0; n < WRONG_MAX; n++) expect((await change(`guess-${n}`)).status).toBe(401);
    expect((await change('right password')).status).toBe(429);
    expect((await logIn(thief, { userId, password: 'guess' })).status).toBe(429);
  });
});

describe('an app server that sets passwords', () => {
  it('sets more than an address may in one call, and is told to wait before any is made beyond its own budget', async () => {
    const batch = (part: string, count: number) =>
      app.api.post(
        '/v1/users',
        Array.from({ length: count }, (_, n) => ({ userId: `${part}-${n}`, password: 'chosen for it' })),
      );
    const first = batch('first', BURST + 2);
    const over = await batch('second', BURST + 2);
    expect(limited([over], 'passwords')).toHaveLength(1);
    const { items } = await ok(first);
    expect((items as unknown as { ok: boolean }[]).filter((item) => item.ok)).toHaveLength(BURST + 2);
    expect((await app.api.get('/v1/users/second-0')).status).toBe(404);
    // Generated ones cost next to nothing and are not counted.
    const generated = Array.from({ length: 100 }, (_, n) => ({ userId: `generated-${n}` }));
    expect((await app.api.post('/v1/users', generated)).status).toBe(200);
  }, 60_000);
});

describe('a developer who lost the auth token', () => {
  const renew = (email: string, password: string, address: string) =>
    parley.api.as({ basic: [email, password] }).send('POST', '/v1/developers/me/auth-token', undefined, from(address));

  it('gets another with e-mail and password, and the lost one ends', async () => {
    const developer = await aDeveloper(parley);
    const made = await ok(renew(developer.email.toUpperCase(), PASSWORD, anAddress()));
    expect(made).toMatchObject({ accountSid: developer.accountSid, authToken: expect.any(String) });
    expect((await developer.api.get('/v1/developers/me')).status).toBe(401);
    const again = parley.api.as({ basic: [developer.accountSid, String(made.authToken)] });
    expect((await again.get('/v1/developers/me')).status).toBe(200);
  });

  it('is guessed at no more often than a user, and opens no other call by it', async () => {
    const { email } = await aDeveloper(parley);
    const guesser = anAddress();
    for (let n = 0; n < WRONG_MAX; n++) {
      const { status, body } = await renew(email, `guess-${n}`, guesser);
      expect([status, String(body.error?.code)]).toEqual([401, 'BAD_CREDENTIALS']);
    }
    expect((await renew(email, PASSWORD, guesser)).status).toBe(429);
    expect((await renew(email, PASSWORD, anAddress())).status).toBe(201);
    const unknown = await renew('nobody@example.com', PASSWORD, anAddress());
    expect([unknown.status, String(unknown.body.error?.code)]).toEqual([401, 'BAD_CREDENTIALS']);
    expect((await parley.api.as({ basic: [email, PASSWORD] }).get('/v1/developers/me')).status).toBe(401);
  });
});

describe('the operator’s token', () => {
  const bearer = (token: string, address: string): Promise<number> =>
    parley.api
      .as({ bearer: token })
      .get('/v1/operator/developers', from(address))
      .then(({ status }) => status);
  const board = async (token: string, address: string): Promise<number> => {
    const authorization = `Basic ${Buffer.from(`any:${token}`).toString('base64')}`;
    return (await fetch(`${parley.url}/operator/queues/`, { headers: { authorization, ...from(address) } })).status;
  };

  it('is guessed at by an address so often, at both doors together, and the operator elsewhere is served', async () => {
    const [guesser, home] = [anAddress(), anAddress()];
    expect(await bearer(OPERATOR_TOKEN, home)).toBe(200);
    for (let n = 0; n < WRONG_MAX; n++) expect(await (n % 2 ? bearer : board)(`guess-${n}`, guesser)).toBe(401);
    expect(await board('guess', guesser)).toBe(429);
    expect(await bearer('guess', guesser)).toBe(429);
    expect(await board(OPERATOR_TOKEN, guesser)).toBe(429);
    expect(await board(OPERATOR_TOKEN, home)).toBe(200);
  });

  it('opens where it did before, whatever junk came from behind the same proxy since', async () => {
    const home = anAddress();
    expect(await board(OPERATOR_TOKEN, home)).toBe(200);
    for (let n = 0; n < WRONG_MAX + 2; n++) await bearer(`guess-${n}`, home);
    expect(await bearer('guess', home)).toBe(429);
    expect(await bearer(OPERATOR_TOKEN, home)).toBe(200);
  });
});

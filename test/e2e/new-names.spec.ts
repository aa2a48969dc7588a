import {
  aConnectedUser,
  aGroup,
  anApp,
  aSession,
  operator,
  type ConnectedUser,
  type TestApp,
} from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok, type Answer } from '../support/http';
import { aText } from '../support/messages';

const NAMES = 5;

let parley: Parley;
let app: TestApp;
let eve: ConnectedUser;
beforeAll(async () => {
  parley = await startParley({ LIMIT_NEW_NAMES_PER_HOUR: `${NAMES}`, LIMIT_APP_NEW_NAMES_PER_HOUR: '30' });
});
afterAll(() => parley.stop());
beforeEach(async () => {
  app = await anApp(parley);
  eve = await aConnectedUser(app);
});
afterEach(() => eve.device.close());

let junk = 0;
const aJunkName = (): string => `junk-${++junk}`;
const junkNames = (count: number): string[] => Array.from({ length: count }, aJunkName);
const spent = { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number), details: { budget: 'newNames' } };
const exists = async (userId: string): Promise<boolean> => (await app.api.get(`/v1/users/${userId}`)).status === 200;

describe('names that somebody writes to', () => {
  it('are so many an hour for one user through both doors; known ones and other users are not concerned', async () => {
    for (let n = 0; n < NAMES; n++) await eve.device.tell('message:send', aText(aJunkName(), 'hello'));
    expect(await eve.device.ask('message:send', aText(aJunkName(), 'hello'))).toMatchObject({
      ok: false,
      error: spent,
    });
    const posted = await eve.api.post('/v1/messages', aText(aJunkName(), 'hello'));
    expect(posted).toMatchObject({ status: 429, body: { error: spent } });
    expect(Number(posted.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await eve.api.post('/v1/messages', aText(`junk-${junk - 3}`, 'again'))).status).toBe(201);
    const bob = await aConnectedUser(app);
    expect((await bob.api.post('/v1/messages', aText(aJunkName(), 'hello'))).status).toBe(201);
    bob.device.close();
  });

  it('cost the app’s server its own budget, whoever it sends for', async () => {
    const answers: Answer[] = [];
    for (let n = 0; n < 31; n++) {
      const from = n % 2 ? { from: eve.userId } : {};
      answers.push(await app.api.post('/v1/messages', aText(aJunkName(), 'hello', from)));
    }
    expect(answers.slice(0, 30).every(({ status }) => status === 201)).toBe(true);
    expect(answers[30]).toMatchObject({ status: 429, body: { error: spent } });
  });
});

describe('names that somebody adds to a group', () => {
  it('are answered for one by one, and beyond the budget nobody comes into being', async () => {
    const { groupId } = await aGroup(app, [eve]);
    const names = junkNames(NAMES + 3);
    const { items } = await ok(eve.api.post(`/v1/groups/${groupId}/invitations`, { userIds: names }));
    const statuses = (items as unknown as { status: string }[]).map(({ status }) => status);
    expect(statuses).toEqual([...new Array(NAMES).fill('joined'), 'refused', 'refused', 'refused']);
    expect((items as unknown as { error?: object }[])[NAMES]).toMatchObject({ error: spent });
    expect(await exists(names[NAMES] ?? '')).toBe(false);
    const another = { name: 'Another', visibility: 'private', members: junkNames(1) };
    expect(await eve.api.post('/v1/groups', another)).toMatchObject({ status: 429, body: { error: spent } });
    expect(await eve.device.ask('group:create', another as never)).toMatchObject({ ok: false, error: spent });
  });

  it('become users only where the app accepts unknown recipients', async () => {
    const strict = await anApp(parley, { settings: { acceptUnknownRecipients: false } });
    const ann = await aConnectedUser(strict);
    const { groupId } = await aGroup(strict, [ann]);
    const userIds = junkNames(1);
    for (const answer of [
      await ann.api.post(`/v1/groups/${groupId}/invitations`, { userIds }),
      await strict.api.post(`/v1/groups/${groupId}/members`, { userIds }),
    ]) {
      expect(answer).toMatchObject({ status: 200, body: { items: [{ error: { code: 'USER_NOT_FOUND' } }] } });
    }
    expect((await strict.api.get(`/v1/users/${userIds[0]}`)).status).toBe(404);
    ann.device.close();
  });

  it('are not made for somebody who may not invite', async () => {
    const { groupId } = await aGroup(app, [await aConnectedUser(app), eve]);
    const [name = ''] = junkNames(1);
    expect((await eve.api.post(`/v1/groups/${groupId}/invitations`, { userIds: [name] })).status).toBe(403);
    expect(await exists(name)).toBe(false);
  });
});

describe('a plan that limits users', () => {
  it('counts those who logged in or were made: junk names keep no customer out, and are limited themselves', async () => {
    await ok(operator(parley).patch(`/v1/operator/developers/${app.developer.accountSid}`, { quotas: { users: 3 } }));
    const named: string[] = [];
    for (let n = 0; n < 30; n++) {
      const name = aJunkName();
      named.push(name);
      await ok(app.api.post('/v1/messages', aText(name, 'hello')));
    }
    const over = await eve.api.post('/v1/messages', aText(aJunkName(), 'hello'));
    expect(over.body.error).toMatchObject({ code: 'QUOTA_EXCEEDED', details: { quota: 'waitingNames', limit: 30 } });
    // One user is there; one that was named and one that nobody knew make three.
    await aSession({ app, userId: named[0] ?? '' });
    await aSession({ app, userId: 'a-customer' });
    const { appId, appToken } = app;
    const fourth = await parley.api.post('/v1/sessions', { appId, appToken, userId: named[1] });
    expect(fourth.body.error).toMatchObject({ code: 'QUOTA_EXCEEDED', details: { quota: 'users', limit: 3 } });
    // A refused name is not counted, and the place of the one that logged in is free again.
    expect((await eve.api.post('/v1/messages', aText(aJunkName(), 'hello'))).status).toBe(201);
  });
});

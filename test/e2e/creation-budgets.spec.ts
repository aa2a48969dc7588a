import { randomUUID } from 'node:crypto';
import type { NewGroup } from '../../src/kernel/contracts/socket-events';
import { aConnectedUser, anApp, operator, type ConnectedUser, type TestApp } from '../support/builders';
import { startParley, type Parley } from '../support/harness';
import { ok } from '../support/http';
import { aText, upTo } from '../support/messages';

const CREATIONS = 3;
const NAMES = 5;

let parley: Parley;
let app: TestApp;
let eve: ConnectedUser;
beforeAll(async () => {
  parley = await startParley({
    LIMIT_CREATIONS_PER_HOUR: `${CREATIONS}`,
    LIMIT_NEW_NAMES_PER_HOUR: `${NAMES}`,
    LIMIT_APP_CREATIONS_PER_HOUR: '1000',
  });
});
afterAll(() => parley.stop());
beforeEach(async () => {
  app = await anApp(parley);
  eve = await aConnectedUser(app);
});
afterEach(() => eve.device.close());

let named = 0;
const junkNames = (count: number): string[] => upTo(count).map(() => `junk-${++named}`);
const aWish = (more: Partial<NewGroup> = {}): NewGroup => ({ name: 'A group', visibility: 'private', ...more });
const spent = (budget: string) => ({ code: 'RATE_LIMITED', details: { budget }, retryAfterMs: expect.any(Number) });
const exist = async (names: readonly string[]): Promise<boolean[]> =>
  Promise.all(names.map(async (userId) => (await app.api.get(`/v1/users/${userId}`)).status === 200));

/** The same wish through both doors, and the codes of the refusals. */
async function refusals(wanted: NewGroup): Promise<string[]> {
  const posted = await eve.api.post('/v1/groups', wanted);
  const asked = await eve.device.ask('group:create', wanted);
  return [String(posted.body.error?.code), asked.ok ? 'made' : asked.error.code];
}

/** What is left of eve's budget, found out by spending it. */
async function creationsLeft(): Promise<number> {
  for (let made = 0; ; made++) {
    const door = made % 2 === 0;
    const answer = door
      ? (await eve.api.post('/v1/groups', aWish())).body.error
      : await eve.device.ask('group:create', aWish()).then((ack) => (ack.ok ? undefined : ack.error));
    if (!answer) continue;
    expect(answer).toMatchObject(spent('creations'));
    return made;
  }
}

describe('a creation that is refused', () => {
  it('costs nothing, whatever the reason and whichever the door', async () => {
    const taken = aWish({ groupId: `taken-${randomUUID().slice(0, 8)}` });
    await ok(app.api.post('/v1/groups', { ...taken, owner: eve.userId }));
    for (let n = 0; n < CREATIONS; n++) {
      expect(await refusals(aWish({ name: '' }))).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST']);
      expect(await refusals(taken)).toEqual(['ALREADY_EXISTS', 'ALREADY_EXISTS']);
      expect(await refusals(aWish({ maxMembers: 1, members: [eve.userId, 'another'] }))).toEqual([
        'GROUP_FULL',
        'GROUP_FULL',
      ]);
      expect(await refusals(aWish({ members: ['g-is-no-name-here'] }))).toEqual(['USER_NOT_FOUND', 'USER_NOT_FOUND']);
      expect(await refusals(aWish({ owner: 'somebody-else' }))).toEqual(['FORBIDDEN', 'FORBIDDEN']);
    }
    expect(await creationsLeft()).toBe(CREATIONS);
  });

  it('by the plan costs nothing either', async () => {
    const { accountSid } = app.developer;
    await ok(operator(parley).patch(`/v1/operator/developers/${accountSid}`, { quotas: { groupMembers: 1 } }));
    const wanted = aWish({ members: junkNames(2) });
    for (let n = 0; n < CREATIONS; n++) expect(await refusals(wanted)).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
    expect(await exist(wanted.members ?? [])).toEqual([false, false]);
    expect(await creationsLeft()).toBe(CREATIONS);
  });

  it('makes no new name wait for it, and none is counted', async () => {
    const taken = aWish({ groupId: `taken-${randomUUID().slice(0, 8)}` });
    await ok(app.api.post('/v1/groups', { ...taken, owner: eve.userId }));
    const names = junkNames(NAMES);
    for (let n = 0; n < 2; n++) await refusals({ ...taken, members: names });
    // One that nobody may name refuses all of them.
    await refusals(aWish({ members: [...names, 'g-is-no-name-here'] }));
    // More than are left; more than there ever are.
    expect(await refusals(aWish({ members: junkNames(NAMES + 1) }))).toEqual(['LIMIT_REACHED', 'LIMIT_REACHED']);
    expect(await exist(names)).toEqual(names.map(() => false));

    await ok(eve.api.post('/v1/groups', aWish({ members: names.slice(0, 3) })));
    const others = junkNames(3);
    expect(await eve.api.post('/v1/groups', aWish({ members: others }))).toMatchObject({
      status: 429,
      body: { error: spent('newNames') },
    });
    expect(await exist(others)).toEqual([false, false, false]);
    await ok(eve.api.post('/v1/groups', aWish({ members: [...names.slice(0, 3), ...others.slice(0, 2)] })));
    expect(await exist(others)).toEqual([true, true, false]);
    expect(await creationsLeft()).toBe(CREATIONS - 2);
  });

  it('for want of creations makes no new name wait', async () => {
    expect(await creationsLeft()).toBe(CREATIONS);
    const members = junkNames(2);
    expect(await refusals(aWish({ members }))).toEqual(['RATE_LIMITED', 'RATE_LIMITED']);
    expect(await exist(members)).toEqual([false, false]);
  });
});

describe('the budget of creations', () => {
  it('holds those that come at once, through both doors', async () => {
    const answers = await Promise.all(
      upTo(30).map(async (n) =>
        n % 2 === 0
          ? (await eve.api.post('/v1/groups', aWish())).status === 201
          : (await eve.device.ask('group:create', aWish())).ok,
      ),
    );
    expect(answers.filter(Boolean)).toHaveLength(CREATIONS);
    const { items } = await ok<{ items: unknown[] }>(eve.api.get(`/v1/users/${eve.userId}/groups`));
    expect(items).toHaveLength(CREATIONS);
  });

  it('is not drawn from by a repeat under an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const groupIds = new Set<string>();
    for (let n = 0; n < CREATIONS + 1; n++) {
      groupIds.add(String((await ok(eve.api.post('/v1/groups', aWish(), headers))).groupId));
    }
    expect(groupIds.size).toBe(1);
    expect(await creationsLeft()).toBe(CREATIONS - 1);
  });

  it('counts a room that somebody’s joining makes, and no joining of one that is there', async () => {
    await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings: { joinCreates: true } }));
    const rooms = upTo(CREATIONS).map((n) => `room-${n}-${randomUUID().slice(0, 8)}`);
    for (const chatroomId of [...rooms, ...rooms]) await eve.device.tell('chatroom:join', { chatroomId });
    expect(await eve.device.ask('chatroom:join', { chatroomId: 'one-room-more' })).toMatchObject({
      ok: false,
      error: spent('creations'),
    });
    expect((await app.api.get('/v1/chatrooms/one-room-more')).status).toBe(404);
    const bob = await aConnectedUser(app);
    await bob.device.tell('chatroom:join', { chatroomId: 'one-room-more' });
    bob.device.close();
  });
});

describe('the budget of new names', () => {
  it('is drawn from once for a name that several messages go to at once', async () => {
    const [name = ''] = junkNames(1);
    const posted = await Promise.all(upTo(NAMES).map((n) => eve.api.post('/v1/messages', aText(name, `${n}`))));
    expect(posted.map(({ status }) => status)).toEqual(posted.map(() => 201));
    for (const other of junkNames(NAMES - 1)) await eve.device.tell('message:send', aText(other, 'hello'));
    expect(await eve.device.ask('message:send', aText('one-name-more', 'hello'))).toMatchObject({
      ok: false,
      error: spent('newNames'),
    });
  });
});

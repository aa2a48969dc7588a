import { aConnectedUser, aGroup, anApp, aSession, aUser, type ConnectedUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between } from '../support/messages';
import { bindDevice, withAppleEverywhere } from '../support/push';
import { connect } from '../support/socket';

let parley: Parley;
let other: Parley;
let app: TestApp;

beforeAll(async () => {
  parley = await startParley();
  other = await parley.another();
  withAppleEverywhere(parley);
  app = await anApp(parley);
});
afterAll(async () => {
  await other?.stop();
  await parley?.stop();
});

interface Explanation {
  outcome: string;
  reason?: string;
  waitMs?: number;
  pushed?: string[];
  thenOtherwise?: { outcome: string; reason?: string; pushed?: string[] };
  rules: { reason: string; holds: boolean }[];
  devices: { deviceId: string; state: string; provider?: string }[];
}

const explain = (from: { userId: string } | undefined, to: { userId: string }, more: object = {}, of = app) =>
  ok<Explanation>(of.api.post('/v1/push/explain', { ...(from && { from: from.userId }), to: to.userId, ...more }));

/** Connected and with a token for the device that it is connected with. */
async function reachable(device: { state?: 'foreground' | 'background'; at?: Parley } = {}): Promise<ConnectedUser> {
  const user = await aConnectedUser(app, { id: 'phone', platform: 'ios', ...device });
  await bindDevice(user, 'phone');
  return user;
}
const away = async (user: ConnectedUser): Promise<ConnectedUser> => {
  user.device.close();
  await eventually('it is away', async () =>
    (await explain(undefined, user)).devices.every(({ state }) => state === 'offline'),
  );
  return user;
};

describe('what would become of a push', () => {
  it('follows where the recipient is: in the foreground, in the background, away (G5, G6, G7)', async () => {
    const ann = await reachable();
    const bob = await reachable({ state: 'background', at: other });
    expect(await explain(bob, ann)).toMatchObject({
      outcome: 'wait',
      waitMs: expect.any(Number),
      thenOtherwise: { outcome: 'push', pushed: ['phone'] },
      devices: [{ deviceId: 'phone', state: 'foreground', provider: 'apns' }],
    });
    // Connected to another node, and seen from here all the same.
    await eventually('bob is seen in the background', async () => {
      const { devices } = await explain(ann, bob);
      return devices[0]?.state === 'background';
    });
    expect(await explain(ann, bob)).toMatchObject({ outcome: 'push', pushed: ['phone'] });

    await ann.device.tell('device:state', { state: 'background' });
    await bob.device.tell('device:state', { state: 'foreground' });
    expect(await explain(bob, ann)).toMatchObject({ outcome: 'push', devices: [{ state: 'background' }] });
    await eventually('bob looks at it', async () => (await explain(ann, bob)).outcome === 'wait');

    await away(ann);
    expect(await explain(bob, ann)).toMatchObject({ outcome: 'push', devices: [{ state: 'offline' }] });
  });

  it('waits for a device without a token as well, and pushes those that have one', async () => {
    const ann = await away(await reachable());
    const web = await aSession({ app, userId: ann.userId });
    const browser = await connect(parley.url, web.token, { id: 'browser' });
    expect(await explain(undefined, ann)).toMatchObject({
      outcome: 'wait',
      thenOtherwise: { outcome: 'push', pushed: ['phone'] },
      devices: [
        { deviceId: 'phone', state: 'offline', provider: 'apns' },
        { deviceId: 'browser', state: 'foreground' },
      ],
    });
    browser.close();
  });

  it('names the reason where there is none, and all rules that were asked', async () => {
    const ann = await away(await reachable());
    const bob = await aUser(app);
    const reasonOf = async (...question: Parameters<typeof explain>): Promise<string | undefined> =>
      (await explain(...question)).reason;

    const nobody = await aUser(app);
    expect(await reasonOf(bob, nobody)).toBe('no-device');
    expect(await reasonOf(ann, ann)).toBe('own');
    expect(await reasonOf(bob, ann, { type: 'command' })).toBe('not-counted');

    await ok(app.api.post('/v1/messages', aText(ann.userId, 'Hello', { from: bob.userId })));
    const conversation = `/v1/conversations/${between(ann.userId, bob.userId)}`;
    await ok(ann.api.patch(conversation, { muted: true }));
    const muted = await explain(bob, ann);
    expect(muted).toMatchObject({ outcome: 'suppress', reason: 'muted' });
    expect(muted.rules.filter(({ holds }) => holds)).toEqual([{ reason: 'muted', holds: true }]);
    await ok(ann.api.patch(conversation, { muted: false }));

    await ok(ann.api.put('/v1/push/settings', { quietHours: { from: '00:00', to: '23:59' } }));
    expect(await reasonOf(bob, ann)).toBe('quiet-hours');
    await ok(ann.api.put('/v1/push/settings', {}));
    expect((await explain(bob, ann)).outcome).toBe('push');

    await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings: { push: { enabled: false } } }));
    expect(await reasonOf(bob, ann)).toBe('push-disabled');
    await ok(app.developer.api.patch(`/v1/apps/${app.appId}`, { settings: { push: { enabled: true } } }));

    await ok(app.api.post(`/v1/users/${ann.userId}/deactivate`));
    expect(await reasonOf(bob, ann)).toBe('not-entitled');
  });

  it('says what a group member would get, and that others would get nothing', async () => {
    const [owner, member, stranger] = [await reachable(), await away(await reachable()), await away(await reachable())];
    const { groupId } = await aGroup(app, [owner, member]);
    expect(await explain(owner, member, { groupId })).toMatchObject({ outcome: 'push' });
    expect(await explain(owner, stranger, { groupId })).toMatchObject({ outcome: 'suppress', reason: 'not-entitled' });
    await ok(app.api.delete(`/v1/groups/${groupId}/members/${member.userId}`));
    expect(await explain(owner, member, { groupId })).toMatchObject({ outcome: 'suppress', reason: 'not-entitled' });
  });

  it('is said about whom the app knows, and nobody else', async () => {
    const ann = await aUser(app);
    const foreign = await aUser(await anApp(parley));
    const ask = (body: object) => app.api.post('/v1/push/explain', body);
    const unknown = (field: string) => ({ status: 404, body: { error: { code: 'USER_NOT_FOUND', field } } });
    expect(await ask({ from: ann.userId, to: foreign.userId })).toMatchObject(unknown('to'));
    expect(await ask({ from: 'nobody-01', to: ann.userId })).toMatchObject(unknown('from'));
    expect(await ask({ from: ann.userId, to: ann.userId, groupId: 'none' })).toMatchObject({
      status: 404,
      body: { error: { code: 'GROUP_NOT_FOUND', field: 'groupId' } },
    });
    expect(await ask({ to: ann.userId, why: true })).toMatchObject({ status: 400, body: { error: { field: 'why' } } });
  });
});

describe("a user's wishes about its pushes", () => {
  it('are kept as a whole, and are nothing until said', async () => {
    const ann = await aSession(await aUser(app));
    expect(await ok(ann.api.get('/v1/push/settings'))).toEqual({});
    const wishes = {
      nickname: 'Ännchen 🎈',
      style: 'hidden',
      quietHours: { from: '22:30', to: '07:00', timeZone: 'Europe/Berlin' },
      language: 'zh',
    };
    expect(await ok(ann.api.put('/v1/push/settings', wishes))).toEqual(wishes);
    expect(await ok(ann.api.put('/v1/push/settings', { language: 'en' }))).toEqual({ language: 'en' });
    expect(await ok(ann.api.get('/v1/push/settings'))).toEqual({ language: 'en' });
  });

  it('may name language and time zone as a phone does', async () => {
    const ann = await aSession(await aUser(app));
    const quietHours = { from: '22:30', to: '07:00' };
    const said = { language: 'zh_Hant_TW', quietHours: { ...quietHours, timeZone: 'Taipei Standard Time' } };
    expect(await ok(ann.api.put('/v1/push/settings', said))).toEqual({
      language: 'zh-Hant-TW',
      quietHours: { ...quietHours, timeZone: 'Asia/Taipei' },
    });
  });

  it.each<[object, string]>([
    [{ nickname: '  ' }, 'nickname'],
    [{ nickname: 'x'.repeat(65) }, 'nickname'],
    [{ style: 'loud' }, 'style'],
    [{ language: '汉语' }, 'language'],
    [{ quietHours: { from: '22:00' } }, 'quietHours.to'],
    [{ quietHours: { from: '24:00', to: '07:00' } }, 'quietHours.from'],
    [{ quietHours: { from: '07:00', to: '07:00' } }, 'quietHours.to'],
    [{ quietHours: { from: '22:00', to: '07:00', timeZone: 'Mars/Olympus' } }, 'quietHours.timeZone'],
    [{ sound: 'x' }, 'sound'],
  ])('are refused as a whole: %j', async (wishes, field) => {
    const ann = await aSession(await aUser(app));
    const answer = await ann.api.put('/v1/push/settings', { language: 'zh', ...wishes });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field } } });
    expect(await ok(ann.api.get('/v1/push/settings'))).toEqual({});
  });

  it('end with the user, and are not inherited by who holds its id next', async () => {
    const ann = await aUser(app);
    await ok((await aSession(ann)).api.put('/v1/push/settings', { nickname: 'Annie' }));
    await ok(app.api.delete(`/v1/users/${ann.userId}`));
    const next = await aSession(await aUser(app, { userId: ann.userId }));
    expect(await ok(next.api.get('/v1/push/settings'))).toEqual({});
    const rows = await parley.sql.rows("SELECT 1 FROM push_settings WHERE nickname = 'Annie'");
    expect(rows).toEqual([]);
  });
});

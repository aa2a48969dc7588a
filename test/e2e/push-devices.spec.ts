import * as fc from 'fast-check';
import { type PushDevice, PushDevices } from '../../src/modules/push/devices/push-devices';
import { anApp, aSession, aUser, type TestApp, type TestSession, type TestUser } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aToken, bindDevice, boundIn } from '../support/push';
import { connect } from '../support/socket';

let parley: Parley;
let other: Parley;

beforeAll(async () => {
  parley = await startParley();
  other = await parley.another();
});
afterAll(async () => {
  await other?.stop();
  await parley?.stop();
});

const login = async (app: TestApp): Promise<TestSession> => aSession(await aUser(app));
const again = (user: TestUser, at = parley): Promise<TestSession> => aSession(user, at);

describe('a device', () => {
  it('is bound after login, shown to its user without its token, bound anew and unbound (G4, G7)', async () => {
    const ann = await login(await anApp(parley));
    const device = {
      platform: 'ios',
      provider: 'apns',
      token: aToken(),
      locale: 'zh-Hans-CN',
      timeZone: 'Asia/Shanghai',
    };
    const { token, ...shown } = device;
    const bound = await ok(ann.api.put('/v1/devices/phone', device));
    expect(bound).toEqual({ deviceId: 'phone', ...shown, registeredAt: expect.any(String) });
    await bindDevice(ann, 'tablet');
    const list = await ok(ann.api.get('/v1/devices'));
    expect(list).toMatchObject({ items: [{ deviceId: 'tablet' }, { deviceId: 'phone' }] });
    expect(JSON.stringify(list)).not.toContain(token);

    const next = await bindDevice(ann, 'phone');
    expect(await boundIn(parley, ann.user.app.appId)).toContain(`${ann.user.userId}/phone: ${next}`);
    expect((await ann.api.delete('/v1/devices/phone')).status).toBe(204);
    expect((await ann.api.delete('/v1/devices/phone')).status).toBe(204);
    expect(await ok(ann.api.get('/v1/devices'))).toMatchObject({ items: [{ deviceId: 'tablet' }] });
  });

  it.each<[string, object, string]>([
    ['no vendor of ours', { provider: 'pigeon' }, 'provider'],
    ['no token', { token: undefined }, 'token'],
    ['a token with a blank', { token: 'a b' }, 'token'],
    ['a token of 5 KB', { token: 'a'.repeat(4097) }, 'token'],
    ['something unknown', { colour: 'red' }, 'colour'],
  ])('is refused with %s', async (_, wrong, field) => {
    const ann = await login(await anApp(parley));
    const answer = await ann.api.put('/v1/devices/phone', {
      platform: 'ios',
      provider: 'apns',
      token: 'abc',
      ...wrong,
    });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 'INVALID_REQUEST', field } } });
    expect(await ann.api.put('/v1/devices/ä', {})).toMatchObject({ status: 400 });
    expect(await boundIn(parley, ann.user.app.appId)).toEqual([]);
  });

  it.each([
    [
      { locale: 'zh_CN_#Hans', timeZone: 'GMT+08:00' },
      { locale: 'zh-Hans-CN', timeZone: '+08:00' },
    ],
    [
      { locale: 'en_US@calendar=gregorian', timeZone: 'China Standard Time' },
      { locale: 'en-US', timeZone: 'Asia/Shanghai' },
    ],
    [{ locale: null, timeZone: null }, {}],
    [{ locale: '', timeZone: '' }, {}],
  ])('is bound with what its system says of language and time zone: %j', async (said, kept) => {
    const ann = await login(await anApp(parley));
    const bound = await ok(
      ann.api.put('/v1/devices/phone', { platform: 'ios', provider: 'apns', token: aToken(), ...said }),
    );
    expect(bound).toEqual({
      deviceId: 'phone',
      platform: 'ios',
      provider: 'apns',
      registeredAt: expect.any(String),
      ...kept,
    });
  });

  it('is bound without a language and a time zone that nobody understands, and the answer says so', async () => {
    const ann = await login(await anApp(parley));
    const device = { platform: 'ios', provider: 'apns', token: aToken() };
    const hints = { locale: 'x'.repeat(4000), timeZone: 'Etc/Unknown' };
    const bound = await ok<{ warnings: unknown }>(ann.api.put('/v1/devices/phone', { ...device, ...hints }));
    expect(bound.warnings).toEqual([
      { field: 'locale', message: expect.any(String) },
      { field: 'timeZone', message: expect.any(String) },
    ]);
    const { items } = await ok<{ items: object[] }>(ann.api.get('/v1/devices'));
    expect(items).toEqual([{ deviceId: 'phone', platform: 'ios', provider: 'apns', registeredAt: expect.any(String) }]);
    expect(await boundIn(parley, ann.user.app.appId)).toEqual([`${ann.user.userId}/phone: ${device.token}`]);
  });

  it('is forgotten beyond the twentieth of a user, the one bound first', async () => {
    const ann = await login(await anApp(parley));
    for (let n = 1; n <= 22; n++) await bindDevice(ann, `phone-${n}`);
    const { items } = await ok<{ items: { deviceId: string }[] }>(ann.api.get('/v1/devices'));
    expect(items.map(({ deviceId }) => deviceId)).toEqual(
      Array.from({ length: 20 }, (_, index) => `phone-${22 - index}`),
    );
  });
});

describe('a token', () => {
  it("is the last one's who bound it: another user's, or another device's of the same user", async () => {
    const app = await anApp(parley);
    const [ann, bob] = [await login(app), await login(app)];
    const token = await bindDevice(ann, 'phone');
    await bindDevice(bob, 'phone', { token: token.toUpperCase() });
    expect(await boundIn(parley, app.appId)).toEqual([`${bob.user.userId}/phone: ${token.toUpperCase()}`]);
    await bindDevice(bob, 'tablet', { token });
    expect(await boundIn(parley, app.appId)).toEqual([`${bob.user.userId}/tablet: ${token}`]);
    // Other vendors' tokens are no hexadecimal numbers: two ways to write are two tokens.
    await bindDevice(ann, 'a', { provider: 'fcm', token: 'abc' });
    await bindDevice(bob, 'b', { provider: 'fcm', token: 'ABC' });
    expect(await boundIn(parley, app.appId)).toHaveLength(3);
  });

  it('says nothing across apps: in another app it is bound as well', async () => {
    const [one, two] = [await anApp(parley), await anApp(parley)];
    const token = await bindDevice(await login(one), 'phone');
    await bindDevice(await login(two), 'phone', { token });
    expect([await boundIn(parley, one.appId), await boundIn(parley, two.appId)]).toEqual([
      [expect.stringContaining(token)],
      [expect.stringContaining(token)],
    ]);
  });

  it('goes with the login, whoever ends it and through whichever door', async () => {
    const app = await anApp(parley);
    const ways: Record<string, (session: TestSession) => Promise<unknown>> = {
      'the user logs out': ({ api }) => ok(api.delete('/v1/sessions/current')),
      'the user ends all its sessions': ({ api, user }) => ok(api.delete(`/v1/users/${user.userId}/sessions`)),
      'the app ends this session': ({ user, sessionId }) =>
        ok(app.api.delete(`/v1/users/${user.userId}/sessions/${sessionId}`)),
      'the app ends all sessions': ({ user }) => ok(app.api.delete(`/v1/users/${user.userId}/sessions`)),
      'the app deactivates the user': ({ user }) => ok(app.api.post(`/v1/users/${user.userId}/deactivate`)),
      'the app deletes the user': ({ user }) => ok(app.api.delete(`/v1/users/${user.userId}`)),
    };
    const bystander = await login(app);
    const kept = [`${bystander.user.userId}/phone: ${await bindDevice(bystander, 'phone')}`];
    for (const [way, end] of Object.entries(ways)) {
      const session = await login(app);
      await bindDevice(session, 'phone');
      // A device that was connected, too, and one that only ever spoke REST.
      (await connect(parley.url, session.token, { id: 'tablet' })).close();
      await bindDevice(session, 'tablet');
      await end(session);
      expect([way, await boundIn(parley, app.appId)]).toEqual([way, kept]);
    }
  });

  it('stays where another login of the user goes on', async () => {
    const app = await anApp(parley);
    const phone = await login(app);
    const tablet = await again(phone.user);
    const phoneToken = await bindDevice(phone, 'phone');
    await bindDevice(tablet, 'tablet');
    await ok(tablet.api.delete('/v1/sessions/current'));
    expect(await boundIn(parley, app.appId)).toEqual([`${phone.user.userId}/phone: ${phoneToken}`]);

    // The same device logs in anew, and its old login ends: it is still there.
    (await connect(parley.url, phone.token, { id: 'phone' })).close();
    const anew = await again(phone.user);
    (await connect(parley.url, anew.token, { id: 'phone' })).close();
    await ok(app.api.delete(`/v1/users/${phone.user.userId}/sessions/${phone.sessionId}`));
    expect(await boundIn(parley, app.appId)).toEqual([`${phone.user.userId}/phone: ${phoneToken}`]);
    await ok(anew.api.delete('/v1/sessions/current'));
    expect(await boundIn(parley, app.appId)).toEqual([]);
  });

  it('stays on the device that changed the password, and goes from all others', async () => {
    const app = await anApp(parley, { mode: 'fixed' });
    const mine = await login(app);
    const theirs = await again(mine.user);
    const token = await bindDevice(mine, 'mine');
    await bindDevice(theirs, 'theirs');
    const change = { oldPassword: mine.user.password, newPassword: 'quite another one' };
    await ok(mine.api.put(`/v1/users/${mine.user.userId}/password`, change));
    expect(await boundIn(parley, app.appId)).toEqual([`${mine.user.userId}/mine: ${token}`]);
  });

  it('goes from a device that another one drove out, which cannot bind it again', async () => {
    const app = await anApp(parley, { settings: { devicePolicy: { kind: 'single' } } });
    const old = await login(app);
    const connection = await connect(parley.url, old.token, { id: 'old' });
    await bindDevice(old, 'old');
    const next = await again(old.user, other);
    await connect(other.url, next.token, { id: 'next' });
    await connection.next('session:kicked');
    expect(await boundIn(parley, app.appId)).toEqual([]);
    const late = await old.api.put('/v1/devices/old', { platform: 'ios', provider: 'apns', token: aToken() });
    expect(late).toMatchObject({ status: 401, body: { error: { code: 'TOKEN_REVOKED' } } });
    expect(await boundIn(parley, app.appId)).toEqual([]);
  });

  it('is never left behind by a bind that races with the end of its login', async () => {
    const app = await anApp(parley);
    const sessions = await Promise.all(Array.from({ length: 20 }, () => login(app)));
    const outcomes = await Promise.all(
      sessions.map(async ({ user, token }, index) => {
        const [one, two] = index % 2 ? [parley, other] : [other, parley];
        const bind = { platform: 'ios', provider: 'apns', token: aToken() };
        const [bound, ended] = await Promise.all([
          one.api.as({ bearer: token }).put('/v1/devices/phone', bind),
          two.api.as({ bearer: token }).delete('/v1/sessions/current'),
        ]);
        expect(ended.status).toBe(204);
        expect([200, 401]).toContain(bound.status);
        return `${user.userId} ${bound.status}`;
      }),
    );
    expect(outcomes).toHaveLength(20);
    expect(await boundIn(parley, app.appId)).toEqual([]);
  });
});

describe("a vendor's word that a token is dead", () => {
  const rowOf = async ({ user }: TestSession): Promise<PushDevice> => {
    const rows = await parley.sql.rows<{ id: number }>(
      'SELECT d.id FROM push_devices d JOIN users u ON u.id = d.userPk WHERE u.userId = ?',
      [user.userId],
    );
    const [device] = (await devices().byPks(rows.map(({ id }) => id))).values();
    if (!device) throw new Error('nothing is bound');
    return device;
  };
  const devices = (): PushDevices => parley.app.get(PushDevices, { strict: false });
  const isBound = async ({ user }: TestSession): Promise<boolean> => (await boundIn(parley, user.app.appId)).length > 0;

  it('ends the binding that it is about, and no later one', async () => {
    const ann = await login(await anApp(parley));
    const token = await bindDevice(ann, 'phone');
    const sentTo = await rowOf(ann);
    expect(sentTo).toMatchObject({ token, deviceId: 'phone', provider: 'apns', platform: 'ios' });

    // While the push was on its way the client bound again: the same token, or another.
    await eventually('it is bound later', async () => {
      await bindDevice(ann, 'phone', { token });
      return (await rowOf(ann)).registeredAt > sentTo.registeredAt;
    });
    expect(await devices().forget(sentTo)).toBe(false);
    expect(await isBound(ann)).toBe(true);

    // Apple says since when: before this binding.
    const now = await rowOf(ann);
    expect(await devices().forget(now, new Date(now.registeredAt.getTime() - 1000))).toBe(false);
    expect(await devices().forget(now, new Date(now.registeredAt.getTime() + 1000))).toBe(true);
    expect(await isBound(ann)).toBe(false);
    expect(await devices().forget(now)).toBe(false);
    expect(await devices().byPks([now.pk])).toEqual(new Map());
  });
});

interface Step {
  does: 'bind' | 'unbind' | 'log out';
  user: number;
  device: string;
  token: string;
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom('bind' as const, 'bind' as const, 'bind' as const, 'unbind' as const, 'log out' as const),
  user: fc.nat({ max: 2 }),
  device: fc.constantFrom('phone', 'tablet'),
  token: fc.constantFrom('aa', 'bb', 'cc'),
});

describe('tokens and devices, whatever happens to them', () => {
  let app: TestApp;
  let users: TestUser[];
  beforeAll(async () => {
    app = await anApp(parley);
    users = await Promise.all([0, 1, 2].map(() => aUser(app)));
  });

  /** A login a device: logging out of one says nothing about the other. */
  const logins = new Map<string, TestSession>();
  async function loginOn(user: number, device: string): Promise<TestSession> {
    const key = `${user}/${device}`;
    const session = logins.get(key) ?? (await again(users[user]));
    logins.set(key, session);
    return session;
  }
  async function take({ does, user, device, token }: Step, at: Parley): Promise<void> {
    const session = await loginOn(user, device);
    const api = at.api.as({ bearer: session.token });
    if (does === 'bind') await ok(api.put(`/v1/devices/${device}`, { platform: 'ios', provider: 'fcm', token }));
    else if (does === 'unbind') await ok(api.delete(`/v1/devices/${device}`));
    else {
      logins.delete(`${user}/${device}`);
      await ok(api.delete('/v1/sessions/current'));
    }
  }
  async function reset(): Promise<void> {
    logins.clear();
    await Promise.all(users.map(({ userId }) => ok(app.api.delete(`/v1/users/${userId}/sessions`))));
    // Sessions of a second ago are still being told; new logins are of a later token version.
    await eventually('nothing bound', async () => (await boundIn(parley, app.appId)).length === 0);
  }

  it('one after the other: what is bound is what the last of them said', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
        await reset();
        const model = new Map<string, string>();
        for (const [index, one] of steps.entries()) {
          const key = `${users[one.user].userId}/${one.device}`;
          if (one.does === 'bind') {
            for (const [holder, token] of model) if (token === one.token) model.delete(holder);
            model.set(key, one.token);
          } else model.delete(key);
          await take(one, index % 2 ? parley : other);
        }
        expect(await boundIn(parley, app.appId)).toEqual([...model].map(([key, token]) => `${key}: ${token}`).sort());
      }),
      { numRuns: 15 },
    );
  });

  it('all at once on two nodes: every call succeeds and no token is ever at two places', async () => {
    const binds = step.map((one) => ({ ...one, does: 'bind' as const }));
    await fc.assert(
      fc.asyncProperty(fc.array(binds, { minLength: 6, maxLength: 12 }), async (steps) => {
        await reset();
        for (const { user, device } of steps) await loginOn(user, device);
        await Promise.all(steps.map((one, index) => take(one, index % 2 ? parley : other)));
        const bound = await boundIn(parley, app.appId);
        const said = new Set(steps.map(({ user, device, token }) => `${users[user].userId}/${device}: ${token}`));
        expect(bound.filter((one) => !said.has(one))).toEqual([]);
        const tokens = bound.map((one) => one.split(': ')[1]);
        expect(new Set(tokens).size).toBe(tokens.length);
        expect(bound.length).toBeGreaterThan(0);
      }),
      { numRuns: 10 },
    );
  });
});

import { SUPPRESS_REASONS } from '../../src/modules/push/decision';
import { aGroup, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText, between } from '../support/messages';
import { bindDevice } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

let parley: Parley;
let app: TestApp;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley();
  vendor.at(parley);
  app = await anApp(parley);
});
afterAll(() => parley?.stop());
afterEach(() => (vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id })));

type Away = TestSession & { userId: string; phone: string };
type Sent = { id: string; seq?: number };

/** A user with a phone, away. */
async function away(of = app): Promise<Away> {
  const session = await aSession(await aUser(of));
  return { ...session, userId: session.user.userId, phone: await bindDevice(session, 'phone') };
}
const say = (from: TestSession, to: string, more: object = {}): Promise<Sent> =>
  ok(from.api.post<Sent>('/v1/messages', aText(to, 'Hello', more)));
const endsOf = async ({ id }: Sent, of = app): Promise<object[]> =>
  (await ok<{ items: object[] }>(of.api.get(`/v1/push/deliveries?messageId=${id}`))).items;
const ended = (message: Sent, of = app): Promise<object[]> =>
  eventually(`the end of ${message.id}`, async () => {
    const items = await endsOf(message, of);
    return items.length > 0 && items;
  });
/** `HH:MM` of a moment so many minutes from now, in UTC. */
const wallTime = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString().slice(11, 16);

/** How each reason comes about; a message that was sent so, and the app in which. */
const WAYS: Record<string, (ann: Away, bob: Away) => Promise<[Sent, TestApp?]>> = {
  'push-disabled': async () => {
    const quiet = await anApp(parley, { settings: { push: { enabled: false } } });
    const [ann, bob] = [await away(quiet), await away(quiet)];
    return [await say(ann, bob.userId), quiet];
  },
  'message-off': async (ann, bob) => [await say(ann, bob.userId, { options: { push: false } })],
  muted: async (ann, bob) => {
    await ended(await say(ann, bob.userId));
    await ok(bob.api.patch(`/v1/conversations/${between(ann.userId, bob.userId)}`, { muted: true }));
    return [await say(ann, bob.userId)];
  },
  'quiet-hours': async (ann, bob) => {
    const quietHours = { from: wallTime(-60), to: wallTime(60), timeZone: 'UTC' };
    await ok(bob.api.put('/v1/push/settings', { quietHours }));
    return [await say(ann, bob.userId)];
  },
  'no-device': async (ann, bob) => {
    await ok(bob.api.delete('/v1/sessions/current'));
    return [await say(ann, bob.userId)];
  },
  'no-credential': async (ann, bob) => {
    await bindDevice(bob, 'phone', { provider: 'fcm' });
    return [await say(ann, bob.userId)];
  },
};
/** What happens while a push is tried again, and the reason that it ends with. */
const MEANWHILE: Record<string, (bob: Away, message: Sent & { conversationId: string }) => Promise<unknown>> = {
  read: (bob, { conversationId, seq }) => ok(bob.api.put(`/v1/conversations/${conversationId}/read`, { seq })),
  'no-device': (bob) => ok(bob.api.delete('/v1/devices/phone')),
  recalled: (_, { conversationId, seq }) =>
    parley.sql.run(
      `UPDATE messages m JOIN conversations c ON c.id = m.conversationPk JOIN users u ON u.id IN (c.lowPk, c.highPk)
          SET m.recalledAt = NOW(3) WHERE m.seq = ? AND c.kind = 1 AND u.userId IN (?)`,
      [seq ?? 0, conversationId.split(':').slice(1)],
    ),
};
/** Nobody was away, or was meant: that is no push, and nothing to record. */
const UNRECORDED = ['own', 'not-entitled', 'not-counted', 'delivered'];

describe('an app reads why somebody away got no push', () => {
  it.each(Object.keys(WAYS))('%s', async (reason) => {
    const [message, of] = await WAYS[reason](await away(), await away());
    expect(await ended(message, of)).toMatchObject([{ status: 'suppressed', reason }]);
  });

  it.each(Object.keys(MEANWHILE))('%s, since it was tried first', async (reason) => {
    const [ann, bob] = [await away(), await away()];
    vendor.answer = () => ({ outcome: 'retry', reason: '503', afterMs: 1000 });
    const message = await ok<Sent & { conversationId: string }>(
      ann.api.post('/v1/messages', aText(bob.userId, 'Hello')),
    );
    await eventually('the first attempt', () => vendor.of(bob.phone).length > 0);
    await MEANWHILE[reason](bob, message);
    // It is said of which device, also when that was let go.
    const device = { deviceId: 'phone', provider: 'apns' };
    expect(await ended(message)).toMatchObject([{ status: 'suppressed', reason, ...device }]);
    expect(vendor.of(bob.phone)).toHaveLength(1);
  });

  it('for every reason that there is', () => {
    const told = [...Object.keys(WAYS), ...Object.keys(MEANWHILE), ...UNRECORDED];
    expect(new Set(told)).toEqual(new Set(SUPPRESS_REASONS));
  });
});

describe('nothing is recorded and nothing pushed', () => {
  /** Decided about after everything that the same user was sent before. */
  const afterwards = async (ann: Away, bob: Away): Promise<void> => {
    const last = await say(ann, bob.userId);
    expect(await ended(last)).toMatchObject([{ status: 'sent' }]);
    expect(vendor.of(bob.phone)).toHaveLength(1);
    const { items } = await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?userId=${bob.userId}`));
    expect(items).toMatchObject([{ messageId: last.id }]);
  };

  it('for a message to who is connected only (T14)', async () => {
    const [ann, bob] = [await away(), await away()];
    await say(ann, bob.userId, { options: { onlineOnly: true } });
    await afterwards(ann, bob);
  });

  it('for a command, which is for the client and not for its user (Y26)', async () => {
    const [ann, bob] = [await away(), await away()];
    const burn = await say(ann, bob.userId, { type: 'command', body: { burn: 7 } });
    await afterwards(ann, bob);
    expect(await endsOf(burn)).toEqual([]);
  });

  it('for those whom a message in their group does not name', async () => {
    const [ann, bob, eve] = [await away(), await away(), await away()];
    const { groupId } = await aGroup(app, [ann.user, bob.user, eve.user]);
    const to = { kind: 'group', id: groupId };
    const directed = await say(ann, '', { to, options: { recipients: [eve.userId] } });
    expect(await ended(directed)).toMatchObject([{ userId: eve.userId, status: 'sent' }]);
    await afterwards(ann, bob);
  });
});

describe('a custom message (Y26)', () => {
  it('is pushed without its content: what it means is for the client to know', async () => {
    const [ann, bob] = [await away(), await away()];
    const message = await say(ann, bob.userId, { type: 'custom', body: { secret: 'x-7' } });
    expect(await ended(message)).toMatchObject([{ status: 'sent' }]);
    const [{ note }] = vendor.of(bob.phone);
    expect([JSON.stringify(note).includes('x-7'), note.data.messageId]).toEqual([false, message.id]);
  });
});

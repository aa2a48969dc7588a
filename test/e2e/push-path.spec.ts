import { randomUUID } from 'node:crypto';
import { PushTasks } from '../../src/modules/push/tasks/push-tasks';
import { aConnectedUser, anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText, upTo } from '../support/messages';
import { bindDevice, everyPushEnded } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';
import { connect, type Device } from '../support/socket';

let parley: Parley;
let app: TestApp;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley();
  vendor.at(parley);
  app = await anApp(parley);
});
afterAll(() => parley?.stop());

interface Delivery {
  deliveryId: string;
  messageId: string;
  userId: string;
  deviceId?: string;
  status: string;
  reason?: string;
  providerId?: string;
}

/** A user with a phone, away. */
async function away(of = app): Promise<TestSession & { phone: string; userId: string }> {
  const session = await aSession(await aUser(of));
  return { ...session, userId: session.user.userId, phone: await bindDevice(session, 'phone') };
}

const say = (from: TestSession, to: string, text: string, options?: object): Promise<{ id: string; seq: number }> =>
  ok(
    from.api.post('/v1/messages', {
      to: { kind: 'user', id: to },
      clientMessageId: randomUUID(),
      type: 'text',
      body: { text },
      ...(options && { options }),
    }),
  );

const deliveriesOf = async (query: string, of = app): Promise<Delivery[]> =>
  (await ok<{ items: Delivery[] }>(of.api.get(`/v1/push/deliveries?${query}`))).items;

const ended = (messageId: string, n = 1): Promise<Delivery[]> =>
  eventually(`the end of ${messageId}`, async () => {
    const items = await deliveriesOf(`messageId=${messageId}`);
    return items.length >= n && items;
  });

describe('a message to somebody away', () => {
  it('is pushed once, told with the vendor’s id, and still waits for its reader (Y22)', async () => {
    const [ann, bob] = [await away(), await away()];
    const { id, seq } = await say(ann, bob.userId, 'good morning');
    const [record] = await ended(id);
    expect(record).toMatchObject({ userId: bob.userId, deviceId: 'phone', provider: 'apns', status: 'sent' });
    const [push] = vendor.of(bob.phone);
    expect(record.providerId).toBe(`taken-${push.note.id}`);
    expect(push.note).toMatchObject({ body: 'good morning', badge: 1, data: { messageId: id, seq: String(seq) } });
    expect(push.note.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(vendor.of(ann.phone)).toEqual([]);
    const { items } = await ok<{ items: { unread: number }[] }>(bob.api.get('/v1/conversations'));
    expect(items).toMatchObject([{ unread: 1 }]);
    expect(await deliveriesOf(`userId=${bob.userId}`)).toHaveLength(1);
  });

  it('is pushed with the words that it brings, and not at all when it says so (T15)', async () => {
    const [ann, bob] = [await away(), await away()];
    const words = { title: 'Order 17', body: 'is on its way', data: { screen: 'order' } };
    const told = await say(ann, bob.userId, 'x', { push: words });
    await ended(told.id);
    expect(vendor.of(bob.phone)[0]?.note).toMatchObject({
      title: 'Order 17',
      body: 'is on its way',
      data: { screen: 'order' },
    });
    for (const push of [false, { off: true }]) {
      const { id } = await say(ann, bob.userId, 'quietly', { push });
      expect(await ended(id)).toMatchObject([{ userId: bob.userId, status: 'suppressed', reason: 'message-off' }]);
    }
    expect(vendor.of(bob.phone)).toHaveLength(1);
  });

  it('collapses with what follows it at once: one notification with a count, and a record for each', async () => {
    const [ann, bob] = [await away(), await away()];
    const sent = await Promise.all(Array.from({ length: 12 }, (_, n) => say(ann, bob.userId, `burst ${n}`)));
    for (const { id } of sent) expect(await ended(id)).toMatchObject([{ status: 'sent', deviceId: 'phone' }]);
    const pushes = vendor.of(bob.phone);
    expect(pushes.length).toBeLessThan(4);
    expect(new Set(pushes.map(({ note }) => note.collapseId)).size).toBe(1);
    expect(pushes[0]?.note.body).toContain('burst');
    expect(await deliveriesOf(`userId=${bob.userId}&limit=100`)).toHaveLength(12);
  });

  it('is recorded when there is no device to push', async () => {
    const [ann, bob] = [await away(), await aSession(await aUser(app))];
    const { id } = await say(ann, bob.user.userId, 'hello?');
    expect(await ended(id)).toMatchObject([{ userId: bob.user.userId, status: 'suppressed', reason: 'no-device' }]);
  });
});

describe('a message to somebody present', () => {
  it('is pushed only when no device confirms it in time (G5, G6)', async () => {
    const [ann, bob, cid] = [await away(), await away(), await away()];
    // Nothing could be sent to these two: whether they are there counts all the same.
    const [web, deafWeb] = [await aConnectedUser(app), await aConnectedUser(app)];
    const [there, deaf] = [
      await connect(parley.url, bob.token, { id: 'phone' }),
      await connect(parley.url, cid.token, { id: 'phone' }),
    ];
    const confirms = async (userId: string, socket: Device): Promise<string> => {
      const { id } = await say(ann, userId, 'there?');
      const { conversationId, seq = 0 } = await socket.next('message:new');
      await socket.tell('message:received', { conversationId, seq });
      return id;
    };
    const heard = [await confirms(bob.userId, there), await confirms(web.userId, web.device)];
    const [unheard, unheardByWeb] = [await say(ann, cid.userId, 'there?'), await say(ann, deafWeb.userId, 'there?')];
    expect(await ended(unheard.id)).toMatchObject([{ userId: cid.userId, status: 'sent' }]);
    expect(await ended(unheardByWeb.id)).toMatchObject([{ status: 'suppressed', reason: 'no-device' }]);
    expect(vendor.of(bob.phone)).toEqual([]);
    await everyPushEnded(parley);
    for (const id of heard) expect(await deliveriesOf(`messageId=${id}`)).toEqual([]);
    for (const socket of [there, deaf, web.device, deafWeb.device]) socket.close();
  });

  it('is pushed at once in the background (G6)', async () => {
    const [ann, bob] = [await away(), await away()];
    const device = await connect(parley.url, bob.token, { id: 'phone', state: 'background' });
    const { id } = await say(ann, bob.userId, 'psst');
    expect(await ended(id)).toMatchObject([{ status: 'sent' }]);
    device.close();
  });
});

describe('what the vendor answers', () => {
  afterEach(() => (vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id })));

  it('retry: the same push is sent again, not sooner than asked, and ends once', async () => {
    const [ann, bob] = [await away(), await away()];
    vendor.answer = ({ note }, times) =>
      times < 2 ? { outcome: 'retry', reason: '503', afterMs: 1500 } : { outcome: 'sent', providerId: note.id };
    const { id } = await say(ann, bob.userId, 'again');
    expect(await ended(id)).toMatchObject([{ status: 'sent' }]);
    const [first, second] = vendor.of(bob.phone);
    expect(second.note.id).toBe(first.note.id);
    expect(second.at - first.at).toBeGreaterThanOrEqual(1500);
  });

  it('token dead: the token is forgotten and never asked again', async () => {
    const [ann, bob] = [await away(), await away()];
    vendor.answer = () => ({ outcome: 'token-dead', reason: 'Unregistered' });
    const { id } = await say(ann, bob.userId, 'one');
    expect(await ended(id)).toMatchObject([{ status: 'failed', reason: 'token-dead: Unregistered' }]);
    const next = await say(ann, bob.userId, 'two');
    expect(await ended(next.id)).toMatchObject([{ status: 'suppressed', reason: 'no-device' }]);
    expect(vendor.of(bob.phone)).toHaveLength(1);
  });

  it('refused: this push fails, the next one goes', async () => {
    const [ann, bob] = [await away(), await away()];
    vendor.answer = ({ note }) =>
      note.body.includes('bad')
        ? { outcome: 'refused', reason: 'PayloadTooLarge' }
        : { outcome: 'sent', providerId: 'x' };
    const bad = await say(ann, bob.userId, 'bad');
    expect(await ended(bad.id)).toMatchObject([{ status: 'failed', reason: 'refused: PayloadTooLarge' }]);
    const good = await say(ann, bob.userId, 'good');
    expect(await ended(good.id)).toMatchObject([{ status: 'sent' }]);
  });

  it('credential bad: this app is paused and its pushes wait for another one, others go on', async () => {
    const other = await anApp(parley);
    const [ann, bob] = [await away(other), await away(other)];
    vendor.answer = () => ({ outcome: 'credential-bad', reason: 'InvalidProviderToken' });
    const refused = await say(ann, bob.userId, 'one');
    await eventually('the pause', () => vendor.paused.size > 0);
    expect([...vendor.paused.values()]).toEqual(['InvalidProviderToken']);
    const held = await say(ann, bob.userId, 'two');

    vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id });
    const [cid, dan] = [await away(), await away()];
    expect(await ended((await say(cid, dan.userId, 'us?')).id)).toMatchObject([{ status: 'sent' }]);
    for (const { id } of [refused, held]) expect(await deliveriesOf(`messageId=${id}`, other)).toEqual([]);
    vendor.paused.clear();
    for (const { id } of [refused, held]) {
      const [end] = await eventually('its end', async () => {
        const found = await deliveriesOf(`messageId=${id}`, other);
        return found.length > 0 && found;
      });
      expect(end).toMatchObject({ status: 'sent', deviceId: 'phone' });
    }
  });

  it('what waits for long: the latest 500 are told of, and those before them end as superseded', async () => {
    const other = await anApp(parley);
    const [ann, bob] = [await away(other), await away(other)];
    const sql = <T>(text: string) => parley.sql.rows<T>(text, [other.appId]);
    const say = (n: number) => ok(other.api.post('/v1/messages', aText(bob.userId, String(n), { from: ann.userId })));
    const joined = (n: number) =>
      eventually(`${n} wait`, async () => {
        const [row] = await sql<{ n: number }>(
          `SELECT MAX(t.upToSeq) AS n FROM push_tasks t JOIN apps a ON a.id = t.appPk WHERE a.appId = ? AND t.seqs <> ''`,
        );
        return row?.n === n;
      });
    vendor.answer = () => ({ outcome: 'credential-bad', reason: 'InvalidProviderToken' });
    for (let at = 0; at < 520; at += 40) await Promise.all(upTo(40).map((n) => say(at + n)));
    await joined(520);
    await say(521);
    await joined(521);
    vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id });
    vendor.paused.clear();
    const [{ id: appPk } = { id: 0 }] = await sql<{ id: number }>('SELECT id FROM apps WHERE appId = ?');
    await parley.app.get(PushTasks, { strict: false }).resume(appPk, 0);
    await everyPushEnded(parley);
    const ends = await sql<{ seq: number; end: string }>(
      `SELECT d.seq, COALESCE(d.reason, 'sent') AS end FROM push_deliveries d JOIN apps a ON a.id = d.appPk
        WHERE a.appId = ? ORDER BY d.seq`,
    );
    expect(ends).toEqual(upTo(521).map((seq) => ({ seq, end: seq <= 20 ? 'superseded' : 'sent' })));
    expect(vendor.of(bob.phone).at(-1)?.note).toMatchObject({ badge: 521, body: expect.stringContaining('501') });
  });

  it('what failed is sent again when its app asks for that, under the same id, and ends once more', async () => {
    const [ann, bob] = [await away(), await away()];
    vendor.answer = () => ({ outcome: 'refused', reason: 'BadDeviceToken' });
    const { id } = await say(ann, bob.userId, 'one');
    const [failed] = await ended(id);
    expect(failed).toMatchObject({ status: 'failed', reason: 'refused: BadDeviceToken' });
    vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id });
    const replay = () => app.api.post('/v1/push/deliveries/replay', { deliveryIds: [failed.deliveryId] });
    expect(await ok(replay())).toEqual({ replayed: 1 });
    await eventually('the replay', async () => (await deliveriesOf(`messageId=${id}`))[0]?.status === 'sent');
    expect(await deliveriesOf(`messageId=${id}`)).toHaveLength(1);
    expect(new Set(vendor.of(bob.phone).map(({ note }) => note.id)).size).toBe(1);
    expect(await ok(replay())).toEqual({ replayed: 0 });
  });
});

import { randomUUID } from 'node:crypto';
import { QueueRedis } from '../../src/platform/queues/queue-redis';
import { anApp, aSession, aUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aCrowd, bindDevice, everyPushEnded } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

const MEMBERS = 1300;

let parley: Parley;
let worker: Parley;
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley();
  vendor.at(parley);
  worker = await parley.another({ ROLE: 'worker' });
  vendor.at(worker);
});
afterAll(async () => {
  await worker?.stop();
  await parley?.stop();
});
beforeEach(() => {
  vendor.asked.length = 0;
  vendor.answer = ({ note }) => ({ outcome: 'sent', providerId: note.id });
});

const tell = (app: TestApp, to: { kind: 'user' | 'group'; id: string }, from?: string): Promise<{ id: string }> =>
  ok(
    app.api.post('/v1/messages', {
      to,
      clientMessageId: randomUUID(),
      type: 'text',
      body: { text: 'to all' },
      ...(from !== undefined && { from }),
    }),
  );

const counts = async (): Promise<Record<string, number>> => {
  const rows = await parley.sql.rows<{ status: number; n: number }>(
    'SELECT status, COUNT(*) AS n FROM push_deliveries GROUP BY status',
  );
  return Object.fromEntries(rows.map(({ status, n }) => [status, n]));
};
/** A recipient of another app, or of the same. */
async function somebody(app: TestApp): Promise<{ userId: string; token: string; sender: string }> {
  const [sender, session] = [await aUser(app), await aSession(await aUser(app))];
  return { userId: session.user.userId, token: await bindDevice(session, 'phone'), sender: sender.userId };
}

it('a crowd is pushed once each, page by page, and holds up no other app', async () => {
  const [app, other] = [await anApp(parley), await anApp(parley)];
  const { groupId, tokens } = await aCrowd(parley, app, MEMBERS);
  const [own, foreign] = [await somebody(app), await somebody(other)];
  // The crowd's are not answered before the other app's was asked: had that to wait for them, all would wait.
  let askedForeign = (): void => undefined;
  const foreignAsked = new Promise<void>((resolve) => (askedForeign = resolve));
  vendor.answer = async ({ target, note }) => {
    if (target.token === foreign.token) askedForeign();
    await foreignAsked;
    return { outcome: 'sent', providerId: note.id };
  };
  await tell(app, { kind: 'group', id: groupId });
  await tell(app, { kind: 'user', id: own.userId }, own.sender);
  await tell(other, { kind: 'user', id: foreign.userId }, foreign.sender);
  await everyPushEnded(parley);

  const asked = vendor.asked.map(({ target }) => target.token);
  expect(new Set(asked)).toEqual(new Set([...tokens, own.token, foreign.token]));
  expect(asked).toHaveLength(MEMBERS + 2);
  expect(await counts()).toEqual({ 1: MEMBERS + 2 });
}, 120_000);

it('another app is pushed while one app’s vendor does not answer', async () => {
  const [app, other] = [await anApp(parley), await anApp(parley)];
  const { groupId } = await aCrowd(parley, app, MEMBERS);
  const foreign = await somebody(other);
  let letGo: () => void = () => undefined;
  const stuck = new Promise<void>((resolve) => (letGo = resolve));
  vendor.answer = async ({ note, target }) => {
    if (target.token !== foreign.token) await stuck;
    return { outcome: 'sent', providerId: note.id };
  };
  await tell(app, { kind: 'group', id: groupId });
  await eventually('the storm', () => vendor.asked.length > 400);
  await tell(other, { kind: 'user', id: foreign.userId }, foreign.sender);
  await eventually('the other’s push', () => vendor.of(foreign.token).length === 1);
  letGo();
  await everyPushEnded(parley);
}, 120_000);

it('a queue that is emptied again and again loses no push and doubles none', async () => {
  const app = await anApp(parley);
  const { groupId, tokens } = await aCrowd(parley, app, MEMBERS);
  const before = (await counts())[1] ?? 0;
  const { producer } = parley.app.get(QueueRedis, { strict: false });
  let over = false;
  const flushing = (async () => {
    while (!over) {
      await producer.flushall().catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  })();
  for (let n = 0; n < 3; n++) await tell(app, { kind: 'group', id: groupId });
  await everyPushEnded(parley).finally(() => (over = true));
  await flushing;
  expect((await counts())[1]).toBe(before + 3 * tokens.length);
  const told = new Map<string, Set<string>>();
  for (const { target, note } of vendor.asked)
    told.set(target.token, (told.get(target.token) ?? new Set<string>()).add(note.id));
  expect(told.size).toBe(tokens.length);
  // What joined is told together; nothing is told twice.
  expect(vendor.asked.length).toBe([...told.values()].reduce((sum, ids) => sum + ids.size, 0));
}, 120_000);

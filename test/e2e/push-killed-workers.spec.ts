import type { PrivateServer } from '../../scripts/lib/service.mjs';
import { anApp, aSession, aUser, type TestApp, type TestSession } from '../support/builders';
import { Deployment, type ServerProcess } from '../support/deployment';
import { eventually } from '../support/eventually';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { bindDevice } from '../support/push';
import { NEXT } from '../support/push/script';
import { PushVendors } from '../support/push/vendors';
import { StubbornSender } from '../support/stubborn-sender';

const deployment = new Deployment();
const vendors = new PushVendors();
let database: PrivateServer;
let api: ServerProcess;
let worker: ServerProcess;

beforeAll(async () => {
  await vendors.start();
  database = await deployment.database();
  const redis = await deployment.redis();
  // Short, so that what a dead worker held is soon another's.
  const env = { ...vendors.env, PUSH_TIMEOUT_MS: '1000', WORK_LEASE_MS: '3000' };
  api = await deployment.server(database.url, redis.url, { ...env, ROLE: 'api' });
  worker = await deployment.server(database.url, redis.url, { ...env, ROLE: 'all' });
}, 120_000);
afterAll(async () => {
  await deployment.end();
  await vendors.close();
}, 60_000);

const PHONES = 12;

interface Delivery {
  status: string;
  providerId?: string;
}

/** One who writes, and many who are away. */
async function aWriter(): Promise<{ app: TestApp; ann: TestSession; phones: Map<string, string> }> {
  const app = await anApp(api);
  await ok(app.api.put('/v1/push/credentials/apns', vendors.apnsToken()));
  const phones = new Map<string, string>();
  for (let n = 0; n < PHONES; n++) {
    const bob = await aSession(await aUser(app));
    phones.set(bob.user.userId, await bindDevice(bob, 'phone'));
  }
  return { app, ann: await aSession(await aUser(app)), phones };
}

/** The end of each message, of which there is exactly one. */
const endsOf = (app: TestApp, sent: readonly { id: string }[]): Promise<Delivery[]> =>
  Promise.all(
    sent.map(async ({ id }) => {
      const items = await eventually(
        `the end of ${id}`,
        async () => {
          const page = await ok<{ items: Delivery[] }>(app.api.get(`/v1/push/deliveries?messageId=${id}`));
          return page.items.length > 0 && page.items;
        },
        100_000,
      );
      expect(items).toMatchObject([{ status: 'sent', provider: 'apns', providerId: expect.any(String) }]);
      return items[0];
    }),
  );

it('what a worker left behind at kill -9 is pushed by the next one, and ends once', async () => {
  const { app, ann, phones } = await aWriter();
  const sender = new StubbornSender(api, ann.token, 'rest');
  for (let round = 0; round < 2; round++) {
    await sender.send([...phones.keys()].map((userId) => aText(userId, 'still there?')));
    await worker.end('SIGKILL');
    await worker.start();
  }
  await endsOf(app, sender.acknowledged);
}, 240_000);

it('what was under way when the database died is pushed when it is back, and ends once', async () => {
  const { app, ann, phones } = await aWriter();
  const sender = new StubbornSender(api, ann.token, 'rest');
  const toAll = (text: string) => [...phones.keys()].map((userId) => aText(userId, text));
  const tokens = new Set(phones.values());
  const asked = () => vendors.apns.records.all.filter(({ token }) => tokens.has(token));
  // Between the vendor's taking a push and its answer there is time for the database to die.
  vendors.apns.script.set(NEXT, { delayMs: 500 });
  const kills = 2;
  for (let round = 0; round < kills; round++) {
    const before = asked().length;
    await sender.send(toAll(`${round}: there?`));
    await eventually('pushes are under way', () => asked().length > before);
    await database.kill();
    const refused = sender.unknown.length;
    const meanwhile = sender.send(toAll(`${round}: and now?`));
    await eventually('nothing is stored', () => sender.unknown.length > refused + 3);
    await database.start();
    await meanwhile;
  }
  vendors.apns.script.clear();

  expect(sender.acknowledged).toHaveLength(kills * 2 * PHONES);
  const ends = await endsOf(app, sender.acknowledged);
  const times = new Map<string, number>();
  for (const { id = '' } of asked()) times.set(id, (times.get(id) ?? 0) + 1);
  // What the vendor had taken, and nobody could note down, is the same push again: one on the screen.
  for (const { providerId = '' } of ends) expect(times.get(providerId)).toBeGreaterThan(0);
  for (const n of times.values()) expect(n).toBeLessThanOrEqual(1 + kills);
  for (const token of tokens)
    expect(new Set(vendors.apns.records.taken(token).map(({ collapseId }) => collapseId)).size).toBe(1);
}, 240_000);

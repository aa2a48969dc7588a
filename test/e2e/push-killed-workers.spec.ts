import { randomUUID } from 'node:crypto';
import { anApp, aSession, aUser } from '../support/builders';
import { Deployment, type ServerProcess } from '../support/deployment';
import { eventually } from '../support/eventually';
import { ok } from '../support/http';
import { bindDevice } from '../support/push';
import { PushVendors } from '../support/push/vendors';

const deployment = new Deployment();
const vendors = new PushVendors();
let api: ServerProcess;
let worker: ServerProcess;

beforeAll(async () => {
  await vendors.start();
  const [database, redis] = [await deployment.database(), await deployment.redis()];
  // Short, so that what a dead worker held is soon another's.
  const env = { ...vendors.env, PUSH_TIMEOUT_MS: '2000', WORK_LEASE_MS: '6000' };
  api = await deployment.server(database.url, redis.url, { ...env, ROLE: 'api' });
  worker = await deployment.server(database.url, redis.url, { ...env, ROLE: 'all' });
}, 120_000);
afterAll(async () => {
  await deployment.end();
  await vendors.close();
}, 60_000);

it('what a worker left behind at kill -9 is pushed by the next one, and ends once', async () => {
  const app = await anApp(api);
  await ok(app.api.put('/v1/push/credentials/apns', vendors.apnsToken()));
  const ann = await aUser(app);
  const phones = new Map<string, string>();
  for (let n = 0; n < 12; n++) {
    const bob = await aSession(await aUser(app));
    phones.set(bob.user.userId, await bindDevice(bob, 'phone'));
  }
  const sent: string[] = [];
  const toAll = async (): Promise<void> => {
    for (const id of phones.keys()) {
      const text = { type: 'text', body: { text: 'still there?' }, to: { kind: 'user', id }, from: ann.userId };
      sent.push(
        (await ok<{ id: string }>(app.api.post('/v1/messages', { ...text, clientMessageId: randomUUID() }))).id,
      );
    }
  };
  for (let round = 0; round < 2; round++) {
    await toAll();
    await worker.end('SIGKILL');
    await worker.start();
  }
  for (const messageId of sent) {
    const items = await eventually(
      `the end of ${messageId}`,
      async () => {
        const page = await ok<{ items: object[] }>(app.api.get(`/v1/push/deliveries?messageId=${messageId}`));
        return page.items.length > 0 && page.items;
      },
      100_000,
    );
    expect(items).toMatchObject([{ status: 'sent', provider: 'apns', providerId: expect.any(String) }]);
  }
}, 240_000);

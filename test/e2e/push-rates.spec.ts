import { PushSender } from '../../src/modules/push/tasks/push-sender';
import { QueueRedis } from '../../src/platform/queues/queue-redis';
import { anApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { type Parley, startParley } from '../support/harness';
import { ok } from '../support/http';
import { aText } from '../support/messages';
import { aCrowd, everyPushEnded } from '../support/push';
import { ScriptedVendor } from '../support/scripted-vendor';

const MEMBERS = 600;
/** Of the bucket of an app whose rate is one a second: as many as are taken at once. */
const BURST = 250;

let parley: Parley;
const workers: Parley[] = [];
const vendor = new ScriptedVendor();

beforeAll(async () => {
  parley = await startParley({ ROLE: 'api', LIMIT_PUSHES_PER_SECOND: '1', WORK_LEASE_MS: '3600000' });
  for (let n = 0; n < 2; n++) workers.push(await parley.another({ ROLE: 'worker' }));
  for (const node of [parley, ...workers]) vendor.at(node);
});
afterAll(async () => {
  for (const node of [...workers, parley]) await node?.stop();
});

it('the rate is the app’s, however many workers there are, and what it holds back is pushed later', async () => {
  const app = await anApp(parley);
  const [{ appPk }] = await parley.sql.rows<{ appPk: number }>('SELECT id AS appPk FROM apps WHERE appId = ?', [
    app.appId,
  ]);
  const { groupId, owner, tokens } = await aCrowd(parley, app, MEMBERS);
  const begun = performance.now();
  const text = aText('', 'to all', { from: owner, to: { kind: 'group', id: groupId } });
  await ok(app.api.post('/v1/messages', text));
  const others = new Set(tokens.slice(1));
  const asked = (): number => vendor.asked.length;
  await eventually('the first of them', () => asked() > 0);
  await eventually('all are decided about', async () => {
    const [row] = await parley.sql.rows<{ n: number }>("SELECT COUNT(*) AS n FROM push_tasks WHERE seqs <> ''");
    return asked() + (row?.n ?? 0) >= others.size;
  });

  // Each worker is asked to go on, as often as it takes for both to have been refused.
  const everythingIsDue = () =>
    // What somebody works on this moment is his for an hour.
    parley.sql.run('UPDATE push_batches SET nextAt = NOW(3) WHERE nextAt < DATE_ADD(NOW(3), INTERVAL 30 MINUTE)');
  for (const worker of [...workers, ...workers]) {
    await everythingIsDue();
    await worker.app.get(PushSender, { strict: false }).handle({ appPk });
  }
  expect(asked()).toBeLessThanOrEqual(BURST + (performance.now() - begun) / 1000);

  // As if the time had passed.
  const { producer, prefix } = parley.app.get(QueueRedis, { strict: false });
  const timePasses = setInterval(() => {
    void producer.del(`${prefix}:rate:push:${appPk}`).then(everythingIsDue);
  }, 100);
  await everyPushEnded(parley).finally(() => clearInterval(timePasses));
  expect(asked()).toBe(others.size);
  expect(new Set(vendor.asked.map(({ target }) => target.token))).toEqual(others);
}, 120_000);

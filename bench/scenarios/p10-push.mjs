/** P10: a push from its message to its record, with a vendor that takes everything; against bare BullMQ, one job each. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { command, newRound } from '../lib/messages.mjs';
import { startReference } from '../lib/references.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';
import { waitUntil } from '../../scripts/lib/network.mjs';

export const name = 'P10';
export const title = 'pushes to those who are away';

const MEMBERS = 2000;
const GROUPS = 20;
const SET_MS = 60_000;
const WORKER = fileURLToPath(new URL('../lib/push-worker.mjs', import.meta.url));

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  await context.closeHall();
  const deployment = await context.deployment();
  const pushes = GROUPS * MEMBERS;
  context.say(`${GROUPS} groups of ${MEMBERS}, all away …`);
  const ids = (await context.crowd(MEMBERS)).map(({ userId }) => userId);
  const { appServer } = deployment;
  const round = newRound();
  for (let n = 0; n < GROUPS; n++) {
    const id = `bench-away-${n}`;
    await appServer.group(id, ids);
    await appServer.call('POST', '/v1/messages', { ...command(round, n, ''), to: { kind: 'group', id } });
    deployment.acknowledged++;
  }
  // Whoever works on pushes now is the measured worker.
  await deployment.server.stop();
  const database = await mysql.createConnection(deployment.database.url);
  await database.query(
    `INSERT INTO push_devices (appPk, userPk, deviceId, loginId, platform, provider, token, tokenHash, registeredAt)
      SELECT appPk, id, 'phone', 'bench', 'ios', 'apns', userId, UNHEX(SHA2(userId, 256)), NOW(3) FROM users WHERE userId IN (?)`,
    [ids],
  );
  const reference = await startReference('queue');
  const worker = await startWorker(deployment, context.options.nodeArgs);
  try {
    const { sets, discarded, trusted } = await interleave({
      reference: () => reference.ask({ redisUrl: deployment.redis.url, jobs: pushes }),
      product: () => push(database, pushes),
      gauge: ({ rate }) => rate,
      sets: context.sets,
      say: context.say,
    });
    const rates = medians(sets, ({ rate }) => rate);
    const details = { pushes, 'pushes/s': rates.product, 'reference jobs/s': rates.reference };
    return [{ id: 'P10', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted }];
  } finally {
    worker.disconnect();
    reference.end();
    for (const table of ['push_devices', 'push_deliveries', 'push_batches', 'push_tasks', 'push_fanouts'])
      await database.query(`DELETE FROM ${table}`);
    await database.end();
    await deployment.startServer();
  }
}

/** As they stand when their messages have been delivered; until every one has its record. @param {mysql.Connection} database @param {number} pushes */
async function push(database, pushes) {
  await database.query('DELETE FROM push_tasks');
  await database.query('TRUNCATE TABLE push_deliveries');
  const began = performance.now();
  await database.query(
    `INSERT INTO push_fanouts (appPk, items)
      SELECT c.appPk, CONCAT('[{"c":', c.id, ',"s":', m.seq, '}]')
        FROM chat_groups g JOIN conversations c ON c.kind = 2 AND c.lowPk = g.id
        JOIN messages m ON m.conversationPk = c.id AND m.type = 'text' WHERE g.groupId LIKE 'bench-away-%'`,
  );
  const ended = async () => {
    const [[{ owed }]] = /** @type {[{ owed: number }[], unknown]} */ (
      await database.query('SELECT EXISTS (SELECT 1 FROM push_fanouts) OR EXISTS (SELECT 1 FROM push_batches) AS owed')
    );
    return Number(owed) === 0;
  };
  if (!(await waitUntil(ended, () => false, SET_MS))) throw new Error('the pushes did not end in time');
  const ms = performance.now() - began;
  const [[{ n }]] = /** @type {[{ n: number }[], unknown]} */ (
    await database.query('SELECT COUNT(*) AS n FROM push_deliveries WHERE status = 1')
  );
  if (Number(n) !== pushes) throw new Error(`${pushes} pushes were owed and ${n} recorded as sent`);
  return { rate: pushes / (ms / 1000) };
}

/** @param {import('../lib/deployment.mjs').Deployment} deployment @param {string[]} [nodeArgs] @returns {Promise<import('node:child_process').ChildProcess>} */
function startWorker(deployment, nodeArgs = []) {
  const child = fork(WORKER, {
    execArgv: [...SERVER_ARGS, ...nodeArgs],
    env: {
      ...process.env,
      ROLE: 'worker',
      MYSQL_URL: deployment.database.url,
      REDIS_URL: deployment.redis.url,
      ENCRYPTION_KEY: deployment.key,
      DATA_DIR: deployment.dir,
      LIMIT_PUSHES_PER_SECOND: '1000000000',
    },
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the worker ended (${code})`)));
    child.once('message', () => resolve(child));
  });
}

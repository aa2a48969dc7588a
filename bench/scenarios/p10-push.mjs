/**
 * P10: a push from its message to its record, with a vendor that takes everything; against bare BullMQ, one job each.
 * P10b: the same with a push service like Apple's on this machine, HTTP/2 over TLS; against such jobs that make its request.
 */
import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import mysql from 'mysql2/promise';
import { command, newRound } from '../lib/messages.mjs';
import { startReference } from '../lib/references.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';
import { raisedLimits } from '../../scripts/lib/raised-limits.mjs';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';
import { waitUntil } from '../../scripts/lib/network.mjs';

export const name = 'P10';
export const title = 'pushes to those who are away';

const MEMBERS = 2000;
const GROUPS = 20;
/** A request costs more than all the rest: fewer of them are enough. */
const GROUPS_BY_APPLE = 5;
const SET_MS = 60_000;
const WORKER = fileURLToPath(new URL('../lib/push-worker.mjs', import.meta.url));
const WRITTEN = ['push_devices', 'push_credentials', 'push_deliveries', 'push_batches', 'push_tasks', 'push_fanouts'];

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  await context.closeHall();
  const deployment = await context.deployment();
  await prepare(context, deployment);
  // Whoever works on pushes now is the measured worker.
  await deployment.server.stop();
  const database = await mysql.createConnection(deployment.database.url);
  const queue = await startReference('queue');
  const apple = await startReference('apple');
  const service = { url: apple.url.replace('http://127.0.0.1', 'https://localhost'), ca: String(apple.said.ca) };
  try {
    await database.query(
      `INSERT INTO push_devices (appPk, userPk, deviceId, loginId, platform, provider, token, tokenHash, registeredAt)
        SELECT appPk, id, 'phone', 'bench', 'ios', 'apns', userId, UNHEX(SHA2(userId, 256)), NOW(3) FROM users WHERE userId IN (?)`,
      [(await context.crowd(MEMBERS)).map(({ userId }) => userId)],
    );
    const common = { context, deployment, database, queue };
    return [
      await compare({ ...common, id: 'P10', groups: GROUPS }),
      await compare({ ...common, id: 'P10b', groups: GROUPS_BY_APPLE, service }),
    ];
  } finally {
    queue.end();
    apple.end();
    for (const table of WRITTEN) await database.query(`DELETE FROM ${table}`);
    await database.end();
    await deployment.startServer();
  }
}

/** Groups with a message each, and what an app pushes with. @param {import('../lib/context.mjs').Context} context @param {import('../lib/deployment.mjs').Deployment} deployment */
async function prepare(context, deployment) {
  context.say(`${GROUPS} groups of ${MEMBERS}, all away …`);
  const ids = (await context.crowd(MEMBERS)).map(({ userId }) => userId);
  const { appServer } = deployment;
  const round = newRound();
  for (let n = 0; n < GROUPS; n++) {
    const id = groupOf(n);
    await appServer.group(id, ids);
    await appServer.call('POST', '/v1/messages', { ...command(round, n, ''), to: { kind: 'group', id } });
    deployment.acknowledged++;
  }
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  await appServer.call('PUT', '/v1/push/credentials/apns', {
    ...{ kind: 'token', key, keyId: 'BENCHKEY01', teamId: 'BENCHTEAM1' },
    ...{ topic: 'com.example.app', environment: 'production' },
  });
}

const groupOf = (/** @type {number} */ n) => `bench-away-${n}`;

/**
 * @param {{ id: string, groups: number, service?: { url: string, ca: string }, context: import('../lib/context.mjs').Context,
 *   deployment: import('../lib/deployment.mjs').Deployment, database: mysql.Connection,
 *   queue: Awaited<ReturnType<typeof startReference>> }} how service: who takes the pushes; nobody is asked without it
 */
async function compare({ id, groups, service, context, deployment, database, queue }) {
  const pushes = groups * MEMBERS;
  const worker = await startWorker(deployment, context.options.nodeArgs, service);
  try {
    const reference = () => queue.ask({ redisUrl: deployment.redis.url, jobs: pushes, apple: service });
    const product = () => push(database, worker, groups);
    // Both processes are new.
    await reference();
    await product();
    const { sets, discarded, trusted } = await interleave({
      reference,
      product,
      gauge: ({ rate }) => rate,
      sets: context.sets,
      say: context.say,
    });
    const rates = medians(sets, ({ rate }) => rate);
    const details = { pushes, 'pushes/s': rates.product, 'reference jobs/s': rates.reference };
    return { id, value: ratio(sets, ({ rate }) => rate), details, discarded, trusted };
  } finally {
    worker.disconnect();
  }
}

/**
 * As they stand when their messages have been delivered, and the worker has been told; until every one has its record.
 * @param {mysql.Connection} database @param {import('node:child_process').ChildProcess} worker @param {number} groups
 */
async function push(database, worker, groups) {
  const pushes = groups * MEMBERS;
  for (const table of ['push_tasks', 'push_deliveries']) await database.query(`TRUNCATE TABLE ${table}`);
  const [apps] = /** @type {[{ appPk: number }[], unknown]} */ (
    await database.query('SELECT DISTINCT appPk FROM push_devices')
  );
  const began = performance.now();
  await database.query(
    `INSERT INTO push_fanouts (appPk, items)
      SELECT c.appPk, CONCAT('[{"c":', c.id, ',"s":', m.seq, '}]')
        FROM chat_groups g JOIN conversations c ON c.kind = 2 AND c.lowPk = g.id
        JOIN messages m ON m.conversationPk = c.id AND m.type = 'text' WHERE g.groupId IN (?)`,
    [Array.from({ length: groups }, (_, n) => groupOf(n))],
  );
  worker.send({ followed: apps.map(({ appPk }) => appPk) });
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

/**
 * @param {import('../lib/deployment.mjs').Deployment} deployment @param {string[]} [nodeArgs] @param {{ url: string, ca: string }} [service]
 * @returns {Promise<import('node:child_process').ChildProcess>}
 */
function startWorker(deployment, nodeArgs = [], service) {
  const child = fork(WORKER, {
    execArgv: [...SERVER_ARGS, ...nodeArgs],
    env: {
      ...process.env,
      ROLE: 'worker',
      MYSQL_URL: deployment.database.url,
      REDIS_URL: deployment.redis.url,
      ENCRYPTION_KEY: deployment.key,
      DATA_DIR: deployment.dir,
      ...raisedLimits(deployment.options.root),
      ...(service && { APNS_URL: service.url, PUSH_CA: service.ca }),
    },
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the worker ended (${code})`)));
    child.once('message', () => resolve(child));
  });
}

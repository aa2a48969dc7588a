/**
 * Reference for pushes: bare BullMQ, one job a push; jobs are added in bulk and a worker answers each with nothing, or makes
 * the request of HTTP/2 that a push to Apple is.
 */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:http2';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const BULK = 500;
const CONCURRENCY = 50;
/** A worker that waits for answers takes more at once; Apple takes no more than these over one connection. */
const CONCURRENCY_OF_REQUESTS = 1000;
const DAY_S = 86_400;
/** As long as a token of Apple's. */
const AUTHORIZATION = `bearer ${'x'.repeat(200)}`;

/** @typedef {{ url: string, ca: string }} Apple */

/** @param {Apple} apple @returns {{ push: (id: number) => Promise<void>, close: () => void }} */
function sender({ url, ca }) {
  const session = connect(url, { ca });
  return {
    push: (id) =>
      new Promise((resolve, reject) => {
        const stream = session.request({
          ':method': 'POST',
          ':path': `/3/device/bench${String(id).padStart(7, '0')}`,
          authorization: AUTHORIZATION,
          'apns-id': randomUUID(),
          'apns-topic': 'com.example.app',
          'apns-push-type': 'alert',
          'apns-priority': '10',
          'apns-expiration': String(Math.floor(Date.now() / 1000) + DAY_S),
          'apns-collapse-id': 'AAAAAAAAAAAAAAAAAAAAAA',
        });
        stream.on('error', reject);
        stream.on('response', ({ ':status': status }) => {
          if (status !== 200) reject(new Error(`the push service answered ${status}`));
        });
        stream.on('data', () => {});
        stream.on('end', resolve);
        const aps = { alert: { title: 'bench-away', body: `message ${id}` }, badge: 1, sound: 'default' };
        stream.end(
          JSON.stringify({ aps: { ...aps, 'mutable-content': 1 }, conversationId: 'group:x', seq: String(id) }),
        );
      }),
    close: () => session.close(),
  };
}

process.on('message', async (/** @type {{ redisUrl: string, jobs: number, apple?: Apple }} */ task) => {
  const { redisUrl, jobs, apple } = task;
  const connections = [0, 1].map(() => new Redis(redisUrl, { maxRetriesPerRequest: null }));
  const name = `bare-${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection: connections[0], prefix: '{bench}' });
  const pushes = apple && sender(apple);
  const began = performance.now();
  let done = 0;
  /** @type {() => void} */
  let finished = () => {};
  const all = new Promise((/** @type {(value?: unknown) => void} */ resolve) => (finished = resolve));
  const worker = new Worker(
    name,
    async ({ data }) => {
      await pushes?.push(data.id);
      if (++done === jobs) finished();
    },
    {
      connection: connections[1],
      prefix: '{bench}',
      concurrency: pushes ? CONCURRENCY_OF_REQUESTS : CONCURRENCY,
    },
  );
  for (let at = 0; at < jobs; at += BULK) {
    await queue.addBulk(
      Array.from({ length: Math.min(BULK, jobs - at) }, (_, i) => ({
        name: 'push',
        data: { id: at + i },
        opts: { removeOnComplete: true },
      })),
    );
  }
  await all;
  const seconds = (performance.now() - began) / 1000;
  await worker.close();
  pushes?.close();
  await queue.obliterate({ force: true });
  await queue.close();
  for (const connection of connections) connection.disconnect();
  process.send?.({ rate: jobs / seconds });
});
process.send?.({ port: 0 });
process.on('disconnect', () => process.exit(0));

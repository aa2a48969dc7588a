/** Reference for pushes: bare BullMQ, one job a push; jobs are added in bulk and a worker answers each with nothing. */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const BULK = 500;
const CONCURRENCY = 50;

process.on('message', async (/** @type {{ redisUrl: string, jobs: number }} */ { redisUrl, jobs }) => {
  const connections = [0, 1].map(() => new Redis(redisUrl, { maxRetriesPerRequest: null }));
  const name = `bare-${process.hrtime.bigint()}`;
  const queue = new Queue(name, { connection: connections[0], prefix: '{bench}' });
  const began = performance.now();
  let done = 0;
  /** @type {() => void} */
  let finished = () => {};
  const all = new Promise((/** @type {(value?: unknown) => void} */ resolve) => (finished = resolve));
  const worker = new Worker(
    name,
    async () => {
      if (++done === jobs) finished();
    },
    { connection: connections[1], prefix: '{bench}', concurrency: CONCURRENCY },
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
  await queue.obliterate({ force: true });
  await queue.close();
  for (const connection of connections) connection.disconnect();
  process.send?.({ rate: jobs / seconds });
});
process.send?.({ port: 0 });
process.on('disconnect', () => process.exit(0));

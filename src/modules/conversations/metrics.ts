import { Counter, Gauge, Histogram, register } from 'prom-client';

const batchSize = new Histogram({
  name: 'parley_commit_batch_messages',
  help: 'Messages stored by one group commit',
  buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
});
const commitSeconds = new Histogram({
  name: 'parley_commit_seconds',
  help: 'Duration of one group commit, retries included',
  labelNames: ['result'] as const,
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
});
const sends = new Counter({
  name: 'parley_messages_total',
  help: 'Messages that reached the log, by result of their group commit',
  labelNames: ['result'] as const,
});

/** What the log tells about itself. */
export const logMetrics = {
  startBatch(messages: number): (result: 'stored' | 'failed') => void {
    batchSize.observe(messages);
    const started = performance.now();
    return (result) => {
      commitSeconds.labels(result).observe((performance.now() - started) / 1000);
      sends.labels(result).inc(messages);
    };
  },

  watchQueue(waiting: () => number): void {
    const name = 'parley_commit_queue_messages';
    register.removeSingleMetric(name);
    new Gauge({
      name,
      help: 'Messages waiting for the next group commit',
      collect() {
        this.set(waiting());
      },
    });
  },
};

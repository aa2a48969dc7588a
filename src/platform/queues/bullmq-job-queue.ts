import { Injectable } from '@nestjs/common';
import { Queue, type JobsOptions } from 'bullmq';
import { JOB_NAMES, type JobName, type Jobs } from '../../kernel/contracts/jobs';
import { JobQueue, type JobOptions } from './job-queue';
import { QueueRedis } from './queue-redis';

const DEFAULTS: JobsOptions = {
  attempts: 8,
  backoff: { type: 'exponential', delay: 500, jitter: 0.5 },
  // Kept for a look at what happened; bounded, because Redis must never fill up with the past.
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 7 * 24 * 3600, count: 5000 },
};

/**
 * One BullMQ queue a job name, all on one connection, which `QueueRedis` closes. Adding rejects at once while Redis is
 * away: the caller's row in the database stays owed.
 */
@Injectable()
export class BullMqJobQueue extends JobQueue {
  private readonly queues = new Map<JobName, Queue>();

  constructor(private readonly redis: QueueRedis) {
    super();
  }

  async add<N extends JobName>(name: N, payload: Jobs[N], options: JobOptions = {}): Promise<void> {
    await this.queue(name).add(name, payload, optionsOf(options));
  }

  async addBulk<N extends JobName>(name: N, jobs: { payload: Jobs[N]; options?: JobOptions }[]): Promise<void> {
    if (jobs.length === 0) return;
    await this.queue(name).addBulk(
      jobs.map(({ payload, options = {} }) => ({ name, data: payload, opts: optionsOf(options) })),
    );
  }

  /** Adds the job again and again; every process may say so, one schedule stands. */
  async every(name: JobName, ms: number): Promise<void> {
    await this.queue(name).upsertJobScheduler(name, { every: ms }, { name, data: {}, opts: DEFAULTS });
  }

  /** Every queue, to be looked at. */
  all(): Queue[] {
    return JOB_NAMES.map((name) => this.open(name));
  }

  private queue(name: JobName): Queue {
    // BullMQ would wait for Redis to come back, however long that takes.
    if (!this.redis.up) throw new Error('Redis is away: no job can be queued');
    return this.open(name);
  }

  private open(name: JobName): Queue {
    let queue = this.queues.get(name);
    if (!queue) {
      queue = new Queue(name, {
        connection: this.redis.producer,
        prefix: this.redis.prefix,
        defaultJobOptions: DEFAULTS,
      });
      queue.on('error', (error) => this.redis.complain(error));
      this.queues.set(name, queue);
    }
    return queue;
  }
}

/** A key whose job was lost with its worker holds others up for this long. */
const ONCE_MS = 5000;

const optionsOf = ({ jobId, delayMs, once }: JobOptions): JobsOptions => ({
  ...(jobId !== undefined && { jobId }),
  ...(delayMs !== undefined && { delay: delayMs }),
  ...(once !== undefined && { deduplication: { id: once, ttl: ONCE_MS } }),
});

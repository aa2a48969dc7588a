import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { type Job, Worker } from 'bullmq';
import { JOB_NAMES, type JobName, type Jobs } from '../../kernel/contracts/jobs';
import { Settings } from '../config/settings';
import { Drainables } from '../lifecycle/drainables';
import type { JobHandler } from './job-queue';
import { QueueRedis } from './queue-redis';

const CLOSE_WAIT_MS = 10_000;

/** Runs the one handler of every job. Handlers register in their constructors; processes of role `api` run none. */
@Injectable()
export class WorkerHost implements OnApplicationBootstrap {
  private readonly logger = new Logger('workers');
  private readonly handlers = new Map<JobName, JobHandler>();
  private workers: Worker[] = [];
  private readonly active = new Set<Promise<void>>();

  constructor(
    private readonly redis: QueueRedis,
    private readonly settings: Settings,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => this.close());
  }

  register<N extends JobName>(handler: JobHandler<N>): void {
    if (this.handlers.has(handler.job)) throw new Error(`the job "${handler.job}" has two handlers`);
    this.handlers.set(handler.job, handler);
  }

  /** Runs a job here and now, without a queue. Rejects as its handler does. */
  async run<N extends JobName>(name: N, payload: Jobs[N]): Promise<void> {
    const handler = this.handlers.get(name) as JobHandler<N> | undefined;
    if (!handler) throw new Error(`the job "${name}" has no handler`);
    const work = handler.handle(payload);
    this.active.add(work);
    await work.finally(() => this.active.delete(work));
  }

  onApplicationBootstrap(): void {
    const missing = JOB_NAMES.filter((name) => !this.handlers.has(name));
    if (missing.length > 0) throw new Error(`no handler for the jobs ${missing.join(', ')}`);
    if (this.settings.role !== 'api') this.workers = [...this.handlers.values()].map((handler) => this.open(handler));
  }

  private open({ job: name, concurrency = 1 }: JobHandler): Worker {
    const worker = new Worker(name, (job) => this.begin(name, job), {
      connection: this.redis.forWorker(),
      prefix: this.redis.prefix,
      concurrency,
    });
    worker.on('error', (error) => this.redis.complain(error));
    worker.on('failed', (job, error) => {
      const last = job !== undefined && job.attemptsMade >= (job.opts.attempts ?? 1);
      if (last) this.logger.error({ err: error }, `the job ${name} ${job.id ?? ''} failed for good`);
      else this.logger.warn(`the job ${name} ${job?.id ?? ''} failed and will be tried again: ${error.message}`);
    });
    return worker;
  }

  private async begin(name: JobName, job: Job): Promise<void> {
    // Whoever adds from now on is heard: what it wrote may be too late for this job.
    if (job.deduplicationId !== undefined) await job.removeDeduplicationKey();
    await this.run(name, job.data as never);
  }

  /**
   * Waits for the jobs under way. BullMQ's own goodbye needs Redis: where that is away, the handlers are waited for and
   * the rest is left to the end of the connections.
   */
  private async close(): Promise<void> {
    const workers = this.workers.splice(0);
    const { up } = this.redis;
    const closed = Promise.allSettled(workers.map((worker) => worker.close(!up)));
    await Promise.race([closed, sleep(up ? CLOSE_WAIT_MS : 0, undefined, { ref: false })]);
    await Promise.race([Promise.allSettled(this.active), sleep(CLOSE_WAIT_MS, undefined, { ref: false })]);
  }
}

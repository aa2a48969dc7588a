import type { JobName, Jobs } from '../../kernel/contracts/jobs';

export interface JobOptions {
  /** Run once however often it is added while it waits. No colon, not only digits (BullMQ refuses them). */
  jobId?: string;
  delayMs?: number;
  /**
   * At most one job under this key waits; what is added meanwhile is dropped. As soon as it begins, another may be added,
   * so whoever added in vain is served by a job that began later than that.
   */
  once?: string;
}

/** Adds jobs. Never awaited between a commit and its acknowledgement; Redis may be away (the outbox is the truth). */
export abstract class JobQueue {
  abstract add<N extends JobName>(name: N, payload: Jobs[N], options?: JobOptions): Promise<void>;
  abstract addBulk<N extends JobName>(name: N, jobs: { payload: Jobs[N]; options?: JobOptions }[]): Promise<void>;
}

/** The one handler of a job; a class registers itself with `WorkerHost.register(this)` in its constructor. */
export interface JobHandler<N extends JobName = JobName> {
  readonly job: N;
  /** How many may run at once in this process. */
  readonly concurrency?: number;
  /** Safe to run twice. A throw is retried with backoff; an UnrecoverableError of bullmq is not. */
  handle(payload: Jobs[N]): Promise<void>;
}

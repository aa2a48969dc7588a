import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../kernel/errors/app-error';
import { RoundRobinQueue } from '../concurrency/round-robin-queue';

export interface ThreadPoolOptions {
  /** The program's file; it answers each task with `answerTasks`. */
  file: string;
  /** Threads at once. */
  threads: number;
  /** Tasks of one key that may be under way or waiting; beyond that, BUSY. */
  perKeyMax: number;
  /** Tasks of all keys that may wait; beyond that, BUSY. */
  waitingMax: number;
  /** A task that takes longer ends with its thread. Milliseconds. */
  timeoutMs: number;
  /** Heap of one thread, in MiB; a task that needs more ends with its thread. */
  heapMb: number;
}

/** What a thread is sent and what it sends back; both are cloned. */
export type ThreadAnswer = { readonly value: unknown } | { readonly error: unknown };

/** A task that was ended together with its thread. */
export class ThreadEndedError extends Error {
  constructor(
    readonly reason: 'timeout' | 'memory' | 'died',
    options?: ErrorOptions,
  ) {
    super(`the task ended with its thread: ${reason}`, options);
  }
}

interface Task {
  readonly input: unknown;
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A thread with nothing to do ends after this long. */
const IDLE_MS = 30_000;
const RETRY_AFTER_MS = 1000;

/**
 * Work that is slow or cannot be trusted to end, on threads of its own. One key (an app) has one task under way at a
 * time, and keys take turns, so nobody waits for another's backlog.
 */
export class ThreadPool {
  private readonly queue: RoundRobinQueue<Task>;
  private readonly idle: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  private readonly workers = new Set<Worker>();
  private running = 0;
  private closed = false;

  constructor(private readonly options: ThreadPoolOptions) {
    this.queue = new RoundRobinQueue(options);
  }

  /**
   * @returns what the program answered, its own errors included
   * @throws AppError BUSY when too many tasks wait already
   * @throws ThreadEndedError when the task had to be ended, or ended its thread
   */
  run(key: string, input: unknown): Promise<ThreadAnswer> {
    return new Promise((resolve, reject) => {
      if (this.closed || !this.queue.add(key, { input, resolve, reject })) {
        reject(new AppError('BUSY', { retryAfterMs: RETRY_AFTER_MS }));
      } else this.next();
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const { timer } of this.idle.splice(0)) clearTimeout(timer);
    await Promise.all([...this.workers].map((worker) => worker.terminate()));
  }

  private next(): void {
    if (this.running >= this.options.threads) return;
    const taken = this.queue.take();
    if (!taken) return;
    this.running++;
    void this.work(taken.item).finally(() => {
      this.running--;
      this.queue.done(taken.key);
      this.next();
    });
    this.next();
  }

  private async work({ input, resolve, reject }: Task): Promise<void> {
    const worker = this.thread();
    try {
      const answer = await this.ask(worker, input);
      this.rest(worker);
      resolve(answer);
    } catch (error) {
      // Not waited for: a thread in native code ends only when that returns.
      void worker.terminate();
      reject(error as Error);
    }
  }

  private ask(worker: Worker, input: unknown): Promise<ThreadAnswer> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new ThreadEndedError('timeout'))), this.options.timeoutMs);
      const onMessage = (answer: ThreadAnswer): void => settle(() => resolve(answer));
      const onError = (cause: NodeJS.ErrnoException): void => {
        const reason = cause.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'memory' : 'died';
        settle(() => reject(new ThreadEndedError(reason, { cause })));
      };
      const onExit = (): void => settle(() => reject(new ThreadEndedError('died')));
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        worker.off('message', onMessage).off('error', onError).off('exit', onExit);
        how();
      };
      worker.on('message', onMessage).on('error', onError).on('exit', onExit);
      worker.postMessage(input);
    });
  }

  private thread(): Worker {
    const idle = this.idle.pop();
    if (idle) {
      clearTimeout(idle.timer);
      idle.worker.ref();
      return idle.worker;
    }
    const { file, heapMb } = this.options;
    const worker = new Worker(file, {
      // No secrets of this process.
      env: {},
      // Where this runs from its sources, so does the thread: with the loader that this process was started with.
      ...(extname(file) === '.ts' && { execArgv: process.execArgv }),
      resourceLimits: { maxOldGenerationSizeMb: heapMb },
    });
    // Once its task is settled, what else happens to a thread is its end.
    worker.on('error', () => undefined);
    worker.on('exit', () => this.workers.delete(worker));
    this.workers.add(worker);
    return worker;
  }

  private rest(worker: Worker): void {
    worker.unref();
    const timer = setTimeout(() => {
      const at = this.idle.findIndex((each) => each.worker === worker);
      if (at >= 0) this.idle.splice(at, 1);
      void worker.terminate();
    }, IDLE_MS);
    timer.unref();
    this.idle.push({ worker, timer });
  }
}

import { AppError } from '../../kernel/errors/app-error';

export interface ConcurrencyLimiterOptions {
  /** Tasks under way at once. */
  atOnce: number;
  /** Beyond this many that wait, BUSY. */
  waitingMax: number;
  /** What a refused caller should wait; milliseconds. */
  retryAfterMs: () => number;
}

/** Runs at most `atOnce` tasks, keeps `waitingMax` waiting in order, and refuses the rest. */
export class ConcurrencyLimiter {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly options: ConcurrencyLimiterOptions) {}

  /** @throws AppError BUSY before the task begins, when too many wait already */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.running < this.options.atOnce) this.running++;
    else {
      if (this.queue.length >= this.options.waitingMax) {
        throw new AppError('BUSY', { retryAfterMs: this.options.retryAfterMs() });
      }
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    try {
      return await task();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running--;
    }
  }
}

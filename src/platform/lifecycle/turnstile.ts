import { AppError } from '../../kernel/errors/app-error';

export interface TurnstileOptions {
  /** Works under way at once. */
  atOnce: number;
  /** Beyond this many that wait, BUSY. */
  waitingMax: number;
  /** What a refused caller should wait; milliseconds. */
  retryAfterMs: () => number;
}

/** Lets in so many at once, keeps so many waiting in order, and refuses the rest. */
export class Turnstile {
  private running = 0;
  private readonly queue: (() => void)[] = [];

  constructor(private readonly options: TurnstileOptions) {}

  /** @throws AppError BUSY before any work, when too many wait already */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.running < this.options.atOnce) this.running++;
    else {
      if (this.queue.length >= this.options.waitingMax) {
        throw new AppError('BUSY', { retryAfterMs: this.options.retryAfterMs() });
      }
      await new Promise<void>((resolve) => this.queue.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = this.queue.shift();
      if (next) next();
      else this.running--;
    }
  }
}

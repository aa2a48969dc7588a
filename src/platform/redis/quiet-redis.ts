import type { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

const COMPLAIN_EVERY_MS = 60_000;
const RETRY_MAX_MS = 2000;

const retryStrategy = (tries: number): number =>
  Math.min(RETRY_MAX_MS, 50 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2);

/** Redis may be away for long: connections try again for ever, without a line in the log for each time. */
export class QuietRedis {
  private readonly opened: Redis[] = [];
  private complainedAt = -Infinity;

  /** @param meanwhile what happens while Redis is away, for the log: "background work runs from the database" */
  constructor(
    private readonly url: string,
    private readonly logger: Logger,
    private readonly meanwhile: string,
  ) {}

  open(options: RedisOptions): Redis {
    const redis = new Redis(this.url, { connectTimeout: 5000, disconnectTimeout: 100, retryStrategy, ...options });
    redis.on('error', (error: Error) => this.complain(error));
    this.opened.push(redis);
    return redis;
  }

  /** Once a minute at most. */
  complain(error: Error): void {
    const now = performance.now();
    if (now - this.complainedAt < COMPLAIN_EVERY_MS) return;
    this.complainedAt = now;
    this.logger.warn(`Redis is away (${error.message || error.name}); ${this.meanwhile} meanwhile.`);
  }

  /** Everything is connected again: said once, and only if its absence was. */
  back(): void {
    if (this.complainedAt > -Infinity) this.logger.log('Redis is back.');
    this.complainedAt = -Infinity;
  }

  close(): void {
    for (const redis of this.opened) redis.disconnect();
  }
}

import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import { TokenBuckets, type TokenBucketOptions } from '../entry/token-buckets';
import type { QueueRedis } from './queue-redis';

/** A process that has taken nothing for so long shares the rate no more. */
const SHARER_MS = 60_000;

/**
 * A bucket is the moment at which it is full again, in microseconds of Redis's clock, so that all processes read one clock
 * and an unused key costs nothing. Answers how long to wait (0: taken), and how many processes share.
 */
const TAKE = `
  local clock = redis.call('TIME')
  local now = clock[1] * 1000000 + clock[2]
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2] * 1000)
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  local sharers = redis.call('ZCARD', KEYS[2])
  local each = 1000000 / ARGV[3]
  local whole = each * ARGV[4]
  local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
  -- Also when the clock was set back: nobody waits for longer than an empty bucket takes.
  full = math.min(full, now + whole) + each * math.min(ARGV[5], ARGV[4])
  local wait = full - whole - now
  if wait > 0 then return { math.ceil(wait / 1000), sharers } end
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
  return { 0, sharers }
`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeTokens(
      bucket: string,
      sharers: string,
      ...args: [who: string, sharerMs: number, perSecond: number, burst: number, n: number]
    ): Result<[waitMs: number, sharers: number], Context>;
  }
}

/**
 * Rate limits by key that all processes keep together, asked for many tokens at once. While Redis is away each goes on at
 * its share of the rate, from a burst of its own.
 */
export class SharedRates {
  private readonly who = randomUUID();
  private sharers = 1;
  private alone: TokenBuckets;

  constructor(
    private readonly redis: QueueRedis,
    private readonly options: TokenBucketOptions & { readonly name: string },
  ) {
    redis.producer.defineCommand('takeTokens', { numberOfKeys: 2, lua: TAKE });
    this.alone = this.share();
  }

  /** Takes `n` tokens, no more than the burst: 0 when they were there, else the milliseconds after which they may be. */
  async take(key: string | number, n: number): Promise<number> {
    const { name, perSecond, burst } = this.options;
    const place = `${this.redis.prefix}:rate:${name}`;
    if (this.redis.up) {
      try {
        const args = [this.who, SHARER_MS, perSecond, burst, n] as const;
        const [waitMs, sharers] = await this.redis.producer.takeTokens(`${place}:${key}`, place, ...args);
        this.shareWith(sharers);
        return waitMs;
      } catch (error) {
        this.redis.complain(error as Error);
      }
    }
    return this.alone.take(key, Math.min(n, burst));
  }

  private shareWith(sharers: number): void {
    if (sharers === this.sharers) return;
    this.sharers = sharers;
    this.alone = this.share();
  }

  private share(): TokenBuckets {
    return new TokenBuckets({ ...this.options, perSecond: this.options.perSecond / this.sharers });
  }
}

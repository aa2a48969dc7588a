import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import { TokenBuckets, type TokenBucketOptions } from '../entry/token-buckets';
import { within } from '../redis/within';
import type { QueueRedis } from './queue-redis';

/** A process that has taken nothing for so long shares the rate no more. */
const SHARER_MS = 60_000;
/** Nobody waits longer for a Redis that is silent, and it is asked again after a pause: until then each counts by itself. */
const PATIENCE_MS = 500;
const PAUSE_MS = 5000;

/** The parts that every script begins with: Redis's clock, in microseconds. */
const CLOCK = `
  local clock = redis.call('TIME')
  local now = clock[1] * 1000000 + clock[2]
`;

/**
 * A bucket is the moment at which it is full again, in microseconds of Redis's clock, so that all processes read one clock
 * and an unused key costs nothing. Answers how long to wait, how many processes share, and whether the tokens are taken:
 * when they are there, or will be within the time that one may wait.
 */
const TAKE = `${CLOCK}
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2] * 1000)
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
  local sharers = redis.call('ZCARD', KEYS[2])
  local each = 1000000 / ARGV[3]
  local whole = each * ARGV[4]
  local patience = ARGV[6] * 1000
  local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or 0))
  -- Also when the clock was set back: nobody waits for longer than an empty bucket takes.
  full = math.min(full, now + whole + patience) + each * math.min(ARGV[5], ARGV[4])
  local wait = math.max(0, full - whole - now)
  if wait > patience then return { math.ceil(wait / 1000), sharers, 0 } end
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
  return { math.ceil(wait / 1000), sharers, 1 }
`;

const GIVE = `${CLOCK}
  local full = tonumber(redis.call('GET', KEYS[1]) or 0) - 1000000 / ARGV[1] * ARGV[2]
  if full <= now then return redis.call('DEL', KEYS[1]) end
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil((full - now) / 1000) + 1)
  return 0
`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeTokens(
      bucket: string,
      sharers: string,
      ...args: [who: string, sharerMs: number, perSecond: number, burst: number, n: number, waitMaxMs: number]
    ): Result<[waitMs: number, sharers: number, taken: 0 | 1], Context>;
    giveTokens(bucket: string, perSecond: number, n: number): Result<number, Context>;
  }
}

export interface SharedRateOptions extends TokenBucketOptions {
  /** One for each rate of a deployment. */
  readonly name: string;
  /** How long a process that takes nothing counts as one who shares; a minute unless it says otherwise. */
  readonly sharerMs?: number;
  /** Without Redis a process has its share of the burst too, and not a whole one of its own. */
  readonly sharesBurst?: boolean;
}

export interface Reservation {
  /** When false, nothing was taken, and `waitMs` says when it may be. */
  readonly taken: boolean;
  readonly waitMs: number;
}

/**
 * Rate limits by key that all processes keep together in Redis. While Redis is away each goes on at its share of the rate
 * with what it had not taken itself; a process without Redis has the whole of it.
 */
export class SharedRates {
  private readonly who = randomUUID();
  private readonly place: string;
  private sharers = 1;
  private alone: TokenBuckets;
  private askAgainAt = -Infinity;

  constructor(
    private readonly redis: QueueRedis | undefined,
    private readonly options: SharedRateOptions,
  ) {
    redis?.producer.defineCommand('takeTokens', { numberOfKeys: 2, lua: TAKE });
    redis?.producer.defineCommand('giveTokens', { numberOfKeys: 1, lua: GIVE });
    this.place = `${redis?.prefix ?? ''}:rate:${options.name}`;
    this.alone = this.share();
  }

  get burst(): number {
    return this.options.burst;
  }

  /** Takes `n` tokens, no more than the burst: 0 when they were there, else the milliseconds after which they may be. */
  async take(key: string | number, n = 1): Promise<number> {
    const { taken, waitMs } = await this.reserve(key, 0, n);
    return taken ? 0 : waitMs;
  }

  /** Takes tokens that are there or will be within `waitMaxMs`, which whoever takes them waits for. */
  async reserve(key: string | number, waitMaxMs: number, n = 1): Promise<Reservation> {
    const { perSecond, burst, sharerMs = SHARER_MS } = this.options;
    const args = [this.who, sharerMs, perSecond, burst, n, waitMaxMs] as const;
    const answer = await this.ask((redis) => redis.takeTokens(`${this.place}:${key}`, this.place, ...args));
    if (!answer) return this.reserveAlone(key, waitMaxMs, n);
    const [waitMs, sharers, taken] = answer;
    this.shareWith(sharers);
    if (taken) this.alone.spend(key, n);
    return { taken: taken === 1, waitMs };
  }

  /** Puts back what was taken. */
  async give(key: string | number, n = 1): Promise<void> {
    this.alone.give(key, n);
    await this.ask((redis) => redis.giveTokens(`${this.place}:${key}`, this.options.perSecond, n));
  }

  /** Undefined where Redis is away. */
  private async ask<T>(question: (redis: QueueRedis['producer']) => Promise<T>): Promise<T | undefined> {
    const { redis } = this;
    if (!redis?.up || performance.now() < this.askAgainAt) return undefined;
    const began = performance.now();
    try {
      return await within(PATIENCE_MS, question(redis.producer));
    } catch (error) {
      const now = performance.now();
      if (now - began >= PATIENCE_MS) this.askAgainAt = now + PAUSE_MS;
      redis.complain(error as Error);
      return undefined;
    }
  }

  private reserveAlone(key: string | number, waitMaxMs: number, n: number): Reservation {
    const tokens = Math.min(n, this.alone.burst);
    const waitMs = waitMaxMs > 0 ? this.alone.reserve(key, waitMaxMs) : this.alone.take(key, tokens);
    if (waitMs === undefined) return { taken: false, waitMs: this.alone.missing(key, tokens) };
    return { taken: waitMaxMs > 0 || waitMs === 0, waitMs };
  }

  private shareWith(sharers: number): void {
    if (sharers === this.sharers) return;
    this.sharers = sharers;
    this.alone = this.share();
  }

  private share(): TokenBuckets {
    const { sharers, options } = this;
    const burst = options.sharesBurst ? Math.max(1, Math.ceil(options.burst / sharers)) : options.burst;
    return new TokenBuckets({ ...options, burst, perSecond: options.perSecond / sharers });
  }
}

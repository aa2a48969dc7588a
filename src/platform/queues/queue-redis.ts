import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';
import { Settings } from '../config/settings';

const COMPLAIN_EVERY_MS = 60_000;
const RETRY_MAX_MS = 2000;
/** A stalled Redis must not hold up what the database can do without it. */
const COMMAND_TIMEOUT_MS = 2000;
const FIRST_LOOK_MS = 2000;

const retryStrategy = (tries: number): number =>
  Math.min(RETRY_MAX_MS, 50 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2);

/** Queues' connections to Redis. Producers fail at once while it is away; workers wait for it, quietly. */
@Injectable()
export class QueueRedis implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('queues');
  private readonly opened: Redis[] = [];
  private complainedAt = -Infinity;
  readonly producer: Redis;

  constructor(private readonly settings: Settings) {
    this.producer = this.open({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
    });
    this.producer.on('ready', () => {
      if (this.complainedAt > -Infinity) this.logger.log('Redis is back.');
      this.complainedAt = -Infinity;
    });
  }

  /** In hash-tag braces, so that one queue's keys share a slot of a Redis Cluster. */
  get prefix(): string {
    return `{${this.settings.stores.redisPrefix}}`;
  }

  get up(): boolean {
    return this.producer.status === 'ready';
  }

  /** A connection that a worker may block on. */
  forWorker(): Redis {
    return this.open({ maxRetriesPerRequest: null });
  }

  complain(error: Error): void {
    const now = performance.now();
    if (now - this.complainedAt < COMPLAIN_EVERY_MS) return;
    this.complainedAt = now;
    this.logger.warn(
      `Redis is away (${error.message || error.name}); background work runs from the database meanwhile.`,
    );
  }

  /** A Redis that evicts keys silently drops jobs: refused in production, complained about elsewhere. */
  async onApplicationBootstrap(): Promise<void> {
    if (!(await this.readyWithin(FIRST_LOOK_MS))) return;
    const policy = /maxmemory_policy:(\S+)/.exec(await this.producer.info('memory'))?.[1];
    if (policy === undefined || policy === 'noeviction') return;
    const problem = `Redis evicts keys (maxmemory-policy is ${policy}); set it to noeviction, or queued jobs are dropped without a word.`;
    if (this.settings.production) throw new Error(problem);
    this.logger.warn(problem);
  }

  async onApplicationShutdown(): Promise<void> {
    for (const redis of this.opened) redis.disconnect();
    return Promise.resolve();
  }

  async readyWithin(ms: number): Promise<boolean> {
    if (this.up) return true;
    return new Promise((resolve) => {
      const done = (ready: boolean) => {
        clearTimeout(timer);
        this.producer.off('ready', onReady);
        resolve(ready);
      };
      const onReady = () => done(true);
      const timer = setTimeout(() => done(false), ms);
      this.producer.once('ready', onReady);
    });
  }

  private open(options: RedisOptions): Redis {
    const redis = new Redis(this.settings.stores.redisUrl, {
      connectTimeout: 5000,
      disconnectTimeout: 100,
      retryStrategy,
      ...options,
    });
    redis.on('error', (error: Error) => this.complain(error));
    this.opened.push(redis);
    return redis;
  }
}

import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { Settings } from '../config/settings';
import { QuietRedis } from '../redis/quiet-redis';

/** A stalled Redis must not hold up what the database can do without it. */
const COMMAND_TIMEOUT_MS = 2000;
const FIRST_LOOK_MS = 2000;

/** Queues' connections to Redis. Producers fail at once while it is away; workers wait for it, quietly. */
@Injectable()
export class QueueRedis implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger('queues');
  private readonly redis: QuietRedis;
  readonly producer: Redis;

  constructor(private readonly settings: Settings) {
    this.redis = new QuietRedis(settings.stores.redisUrl, this.logger, 'background work runs from the database');
    this.producer = this.redis.open({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: COMMAND_TIMEOUT_MS,
    });
    this.producer.on('ready', () => this.redis.back());
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
    return this.redis.open({ maxRetriesPerRequest: null });
  }

  complain(error: Error): void {
    this.redis.complain(error);
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
    this.redis.close();
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
}

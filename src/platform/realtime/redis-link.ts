import { Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { QuietRedis } from '../redis/quiet-redis';

/** What was on its way when a connection broke is lost, and shows as a gap: saying it late would be worse. */
const common: RedisOptions = { autoResubscribe: false, autoResendUnfulfilledCommands: false };

/** The bus's two connections: one that says and asks, one that listens (a subscribed connection can do nothing else). */
export class RedisLink {
  private readonly redis: QuietRedis;
  readonly commands: Redis;
  readonly listener: Redis;

  constructor(
    url: string,
    private readonly onReady: () => void,
  ) {
    this.redis = new QuietRedis(url, new Logger('Bus'), 'sockets of other nodes are served from the database');
    // Commands fail at once when Redis is away: what is held for later would be held without bound.
    this.commands = this.redis.open({
      ...common,
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    this.listener = this.redis.open({ ...common, maxRetriesPerRequest: null });
    this.listener.on('ready', () => this.ready());
    this.commands.on('ready', () => this.ready());
  }

  get up(): boolean {
    return this.commands.status === 'ready' && this.listener.status === 'ready';
  }

  close(): void {
    this.redis.close();
  }

  private ready(): void {
    if (!this.up) return;
    this.redis.back();
    this.onReady();
  }
}

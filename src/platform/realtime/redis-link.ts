import { Logger } from '@nestjs/common';
import type { Redis, RedisOptions } from 'ioredis';
import { QuietRedis } from '../redis/quiet-redis';
import { within } from '../redis/within';

/** How long Redis may take to say that it has all. */
const CONFIRM_MS = 1000;

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

  /** Whether Redis has all that was said until now, or waited for an answer of its to be said. */
  async caughtUp(): Promise<boolean> {
    try {
      // It answers in order: behind the first answer are the questions asked before, behind the second what came of them.
      await within(CONFIRM_MS, this.commands.ping());
      await nextTurn();
      await nextTurn();
      await within(CONFIRM_MS, this.commands.ping());
      return true;
    } catch {
      return false;
    }
  }

  /** Both connections anew. */
  renew(): void {
    for (const redis of [this.commands, this.listener])
      if (redis.status === 'ready' || redis.status === 'connect') redis.disconnect(true);
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

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

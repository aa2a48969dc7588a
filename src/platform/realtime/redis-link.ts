import { Logger } from '@nestjs/common';
import { Redis, type RedisOptions } from 'ioredis';

const LOG_EVERY_MS = 60_000;
const RETRY_MAX_MS = 2000;

/** Redis may be away for long: it is tried again quietly, and nothing waits for it. */
const common: RedisOptions = {
  connectTimeout: 5000,
  retryStrategy: (tries) => Math.min(RETRY_MAX_MS, 50 * 2 ** Math.min(tries, 6)) * (0.75 + Math.random() / 2),
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
};

/** The bus's two connections: one that says and asks, one that listens (a subscribed connection can do nothing else). */
export class RedisLink {
  private readonly logger = new Logger('Bus');
  readonly commands: Redis;
  readonly listener: Redis;
  private complainedAt = -Infinity;

  constructor(
    url: string,
    private readonly onReady: () => void,
  ) {
    // Commands fail at once when Redis is away: what is held for later would be held without bound.
    this.commands = new Redis(url, {
      ...common,
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
    });
    this.listener = new Redis(url, { ...common, maxRetriesPerRequest: null });
    for (const redis of [this.commands, this.listener]) redis.on('error', (error: Error) => this.complain(error));
    this.listener.on('ready', () => this.ready());
    this.commands.on('ready', () => this.ready());
  }

  get up(): boolean {
    return this.commands.status === 'ready' && this.listener.status === 'ready';
  }

  close(): void {
    this.commands.disconnect();
    this.listener.disconnect();
  }

  private ready(): void {
    if (!this.up) return;
    if (this.complainedAt > -Infinity) this.logger.log('Redis is back.');
    this.complainedAt = -Infinity;
    this.onReady();
  }

  private complain(error: Error): void {
    const now = performance.now();
    if (now - this.complainedAt < LOG_EVERY_MS) return;
    this.complainedAt = now;
    this.logger.warn(
      `Redis is away (${error.message}); sockets of other nodes are served from the database meanwhile.`,
    );
  }
}

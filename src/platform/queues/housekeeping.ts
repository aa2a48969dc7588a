import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../config/settings';
import { Sql, type SqlValue } from '../database/sql';
import { Drainables } from '../lifecycle/drainables';
import { BullMqJobQueue } from './bullmq-job-queue';
import type { JobHandler } from './job-queue';
import { QueueRedis } from './queue-redis';
import { WorkerHost } from './worker-host';

const EVERY_MS = 60_000;
const CHUNK = 1000;
/** Bounds one run: what is left goes in the next. */
const CHUNKS_MAX = 50;

/** Something to be tidied up now and then; answers how many rows went. Small statements, safe to run at any time. */
export interface Chore {
  name: string;
  run: (tidy: Tidy) => Promise<number>;
}
/** Deletes in chunks until nothing is left or the run is long enough; the statement ends with `LIMIT ?`. */
export type Tidy = (text: string, values: SqlValue[]) => Promise<number>;

/** Deletes what has outlived its use, once a minute on one of the workers. Modules add chores in their constructors. */
@Injectable()
export class Housekeeping implements JobHandler<'housekeeping'>, OnApplicationBootstrap {
  readonly job = 'housekeeping';
  readonly concurrency = 1;
  private readonly logger = new Logger(Housekeeping.name);
  private readonly chores: Chore[] = [];
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly sql: Sql,
    private readonly queue: BullMqJobQueue,
    private readonly redis: QueueRedis,
    private readonly settings: Settings,
    host: WorkerHost,
    drainables: Drainables,
  ) {
    host.register(this);
    drainables.register('workers', () => Promise.resolve(clearInterval(this.timer)));
    this.add({
      name: 'finished outbox rows',
      run: async (tidy) =>
        (await tidy('DELETE FROM outbox WHERE state = 1 AND nextAt < DATE_SUB(NOW(3), INTERVAL 1 HOUR) LIMIT ?', [])) +
        (await tidy('DELETE FROM outbox WHERE state = 2 AND nextAt < DATE_SUB(NOW(3), INTERVAL 7 DAY) LIMIT ?', [])),
    });
    this.add({
      name: 'old idempotency keys',
      run: (tidy) =>
        tidy('DELETE FROM idempotency_keys WHERE createdAt < DATE_SUB(NOW(3), INTERVAL 24 HOUR) LIMIT ?', []),
    });
  }

  add(chore: Chore): void {
    this.chores.push(chore);
  }

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    this.schedule();
    this.redis.producer.on('ready', () => this.schedule());
    // While Redis is away nobody queues the job, so every worker looks by itself: the lock lets one through.
    this.timer = setInterval(() => {
      if (!this.redis.up) {
        this.handle().catch((error: unknown) => this.logger.warn(`housekeeping failed, will retry: ${String(error)}`));
      }
    }, EVERY_MS).unref();
  }

  /** One worker at a time; another one that comes meanwhile leaves at once. */
  async handle(): Promise<void> {
    const connection = await this.sql.pool.getConnection();
    try {
      const lock = await this.lockName();
      const [rows] = await connection.query('SELECT GET_LOCK(?, 0) AS got', [lock]);
      if ((rows as { got: number }[])[0]?.got !== 1) return;
      try {
        for (const chore of this.chores) await this.run(chore);
      } finally {
        await connection.query('SELECT RELEASE_LOCK(?)', [lock]);
      }
    } finally {
      connection.release();
    }
  }

  private async run({ name, run }: Chore): Promise<void> {
    try {
      const gone = await run((text, values) => this.tidy(text, values));
      if (gone > 0) this.logger.debug(`${name}: ${gone} rows deleted`);
    } catch (error) {
      // One chore that fails must not keep the others from their work.
      this.logger.warn(`housekeeping of ${name} failed, will retry: ${String(error)}`);
    }
  }

  private async tidy(text: string, values: SqlValue[]): Promise<number> {
    let gone = 0;
    for (let chunk = 0; chunk < CHUNKS_MAX; chunk++) {
      const { affectedRows } = await this.sql.run(text, [...values, CHUNK]);
      gone += affectedRows;
      if (affectedRows < CHUNK) break;
    }
    return gone;
  }

  private schedule(): void {
    if (!this.redis.up) return;
    this.queue.every('housekeeping', EVERY_MS).catch((error: unknown) => this.redis.complain(error as Error));
  }

  /** Locks are the whole server's, so the name carries the database. */
  private async lockName(): Promise<string> {
    const [row] = await this.sql.rows<{ name: string }>('SELECT DATABASE() AS name');
    return `parley-housekeeping:${row?.name ?? ''}`.slice(0, 64);
  }
}

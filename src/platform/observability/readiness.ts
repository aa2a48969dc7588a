import { Injectable } from '@nestjs/common';
import { CLOCK_DIFFERS_MS, DatabaseClock } from '../database/database-clock';
import { Sql } from '../database/sql';
import { Drainables } from '../lifecycle/drainables';
import { QueueRedis } from '../queues/queue-redis';
import { Probe } from './probe';

export interface ReadinessReport {
  /** True while messages can be stored. */
  ready: boolean;
  database: 'up' | 'down';
  /** Told, but of no weight: without Redis everything is still stored and found. */
  redis: 'up' | 'down';
  draining: boolean;
  /** Told, and of no weight: whether this machine's clock agrees with the database's, and how far it is ahead (negative: behind). */
  clock: { agrees: boolean; offsetMs: number };
}

/** Whether this process should be given work. */
@Injectable()
export class Readiness {
  private readonly database: Probe;
  private readonly redis: Probe;

  constructor(
    sql: Sql,
    redis: QueueRedis,
    private readonly drainables: Drainables,
    private readonly clock: DatabaseClock,
  ) {
    // A read-only server (a replica after a failover) and one with a full disk answer, but store nothing.
    this.database = new Probe(async () => {
      const [row] = await sql.rows<{ readOnly: number }>('SELECT @@global.read_only AS readOnly');
      return row?.readOnly === 0 && !sql.isFull;
    });
    this.redis = new Probe(async () => redis.up && (await redis.producer.ping()) === 'PONG');
  }

  async check(): Promise<ReadinessReport> {
    const [database, redis] = await Promise.all([this.database.up(), this.redis.up()]);
    const { draining } = this.drainables;
    const { offsetMs } = this.clock;
    const clock = { agrees: Math.abs(offsetMs) <= CLOCK_DIFFERS_MS, offsetMs };
    return { ready: database && !draining, database: said(database), redis: said(redis), draining, clock };
  }
}

const said = (up: boolean) => (up ? 'up' : 'down');

import { Injectable } from '@nestjs/common';
import { Sql } from '../database/sql';
import { Drainables } from '../lifecycle/drainables';
import { QueueRedis } from '../queues/queue-redis';

export interface ReadinessReport {
  /** True while messages can be stored. */
  ready: boolean;
  database: 'up' | 'down';
  /** Told, but of no weight: without Redis everything is still stored and found. */
  redis: 'up' | 'down';
  draining: boolean;
}

const PROBE_TIMEOUT_MS = 2000;
/** However many ask, the database is asked this often. */
const FRESH_MS = 500;

/** Whether this process should be given work. */
@Injectable()
export class Readiness {
  private probe: { at: number; up: Promise<boolean> } | undefined;

  constructor(
    private readonly sql: Sql,
    private readonly redis: QueueRedis,
    private readonly drainables: Drainables,
  ) {}

  async check(): Promise<ReadinessReport> {
    const up = await this.databaseUp();
    const { draining } = this.drainables;
    return { ready: up && !draining, database: up ? 'up' : 'down', redis: this.redis.up ? 'up' : 'down', draining };
  }

  private databaseUp(): Promise<boolean> {
    const now = performance.now();
    if (!this.probe || now - this.probe.at > FRESH_MS) this.probe = { at: now, up: this.ask() };
    return this.probe.up;
  }

  private ask(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
    });
    // A read-only server (a replica after a failover) answers, but stores nothing.
    const asked = this.sql.rows<{ readOnly: number }>('SELECT @@global.read_only AS readOnly').then(
      ([row]) => row?.readOnly === 0,
      () => false,
    );
    return Promise.race([asked, late]).finally(() => clearTimeout(timer));
  }
}

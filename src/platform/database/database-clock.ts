import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { Sql } from './sql';

const MEASURE_EVERY_MS = 10_000;
/** An answer that took longer tells too little about when it was given. */
const SLOW_MS = 1000;
/** A clock that differs by more is worth a warning. */
export const CLOCK_DIFFERS_MS = 2000;

let latestOffsetMs = 0;
new Gauge({
  name: 'parley_clock_offset_seconds',
  help: 'How far the clock of this machine is ahead of the database’s; negative: behind',
  collect() {
    this.set(latestOffsetMs / 1000);
  },
});

/**
 * The time that all nodes agree on: the database's, carried on between measurements by the clock that nobody sets. What one
 * node writes for another to judge (tokens, deadlines) is dated by it.
 */
@Injectable()
export class DatabaseClock implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('clock');
  private timer: NodeJS.Timeout | undefined;
  /** What `performance.now()` must be raised by; undefined until the database has answered once. */
  private base: number | undefined;
  private warned = false;

  constructor(private readonly sql: Sql) {}

  async onModuleInit(): Promise<void> {
    await this.measure();
    this.timer = setInterval(() => void this.measure(), MEASURE_EVERY_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.base === undefined ? Date.now() : this.base + performance.now();
  }

  /** How far this machine's own clock is ahead of the database's; negative where it is behind. Milliseconds. */
  get offsetMs(): number {
    return Math.round(Date.now() - this.now());
  }

  private async measure(): Promise<void> {
    const asked = performance.now();
    try {
      const [row] = await this.sql.rows<{ now: Date }>('SELECT NOW(3) AS now');
      const took = performance.now() - asked;
      if (!row || (took > SLOW_MS && this.base !== undefined)) return;
      this.base = row.now.getTime() - (asked + took / 2);
    } catch (error) {
      // The time goes on as last measured.
      this.logger.debug(`asking the database for the time failed, will retry: ${String(error)}`);
      return;
    }
    latestOffsetMs = this.offsetMs;
    this.compare();
  }

  private compare(): void {
    const seconds = (Math.abs(this.offsetMs) / 1000).toFixed(1);
    const side = this.offsetMs > 0 ? 'ahead of' : 'behind';
    const differs = Math.abs(this.offsetMs) > CLOCK_DIFFERS_MS;
    if (differs && !this.warned) {
      this.logger.warn(
        `The clock of this machine is ${seconds} s ${side} the database's. Tokens and deadlines go by the database's; ` +
          'logs and calls to push providers go by this one. Synchronise both machines (chrony, systemd-timesyncd).',
      );
    }
    if (!differs && this.warned) this.logger.log("The clock of this machine agrees with the database's again.");
    this.warned = differs;
  }
}

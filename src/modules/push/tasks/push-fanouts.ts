import { Injectable } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { type FanoutItem, readItems } from './fanout-items';

/** A row in the hands of this worker until its lease ends. */
export interface ClaimedFanout {
  readonly id: number;
  readonly appPk: number;
  readonly items: FanoutItem[];
  readonly lease: number;
  readonly failures: number;
}

export interface DeadFanout {
  readonly id: number;
  readonly appPk: number;
  /** How many messages it is about. */
  readonly messages: number;
  readonly reason: string | null;
  readonly createdAt: Date;
}

const FAILURES_MAX = 12;
const BACKOFF_MAX_S = 300;

interface FanoutColumns {
  id: number;
  appPk: number;
  items: string;
  lease: number;
  failures: number;
}

/** Statements about what is still to be decided. */
@Injectable()
export class PushFanouts {
  private readonly leaseUs: number;

  constructor(
    private readonly sql: Sql,
    { work }: Settings,
  ) {
    this.leaseUs = work.leaseMs * 1000;
  }

  async add(tx: SqlExecutor, rows: { appPk: number; items: readonly FanoutItem[]; delayMs?: number }[]): Promise<void> {
    for (const { appPk, items, delayMs = 0 } of rows) {
      await tx.run(
        'INSERT INTO push_fanouts (appPk, items, nextAt) VALUES (?, ?, DATE_ADD(NOW(3), INTERVAL ? MICROSECOND))',
        [appPk, JSON.stringify(items), Math.ceil(delayMs) * 1000],
      );
    }
  }

  /** Apps with something due: one look into the index for each app that has anything at all. */
  async dueApps(): Promise<number[]> {
    const rows = await this.sql.rows<{ appPk: number }>(
      `SELECT appPk FROM (SELECT appPk, MIN(nextAt) AS nextAt FROM push_fanouts WHERE dead = 0 GROUP BY appPk) d
        WHERE nextAt <= NOW(3)`,
    );
    return rows.map(({ appPk }) => appPk);
  }

  /** Takes due rows of an app for as long as a lease; others look past them. */
  claim(appPk: number, limit: number): Promise<ClaimedFanout[]> {
    return this.sql.transaction(async (tx) => {
      const rows = await tx.rows<FanoutColumns>(
        `SELECT id, appPk, items, lease, failures FROM push_fanouts WHERE dead = 0 AND appPk = ? AND nextAt <= NOW(3)
          ORDER BY nextAt LIMIT ? FOR UPDATE SKIP LOCKED`,
        [appPk, limit],
      );
      if (rows.length > 0) {
        await tx.run(
          `UPDATE push_fanouts SET lease = lease + 1, failures = failures + 1,
              nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND) WHERE id IN (?)`,
          [this.leaseUs, rows.map(({ id }) => id)],
        );
      }
      return rows.map(({ items, lease, failures, ...row }) => ({
        ...row,
        items: readItems(items),
        lease: lease + 1,
        failures: failures + 1,
      }));
    });
  }

  /**
   * Writes what is left of a row and prolongs its lease; nothing left: the row goes. False when the lease had ended and
   * somebody else has the row: then nothing of this page may be written either.
   */
  async progress(tx: SqlExecutor, { id, lease }: ClaimedFanout, rest: readonly FanoutItem[]): Promise<boolean> {
    const { affectedRows } =
      rest.length === 0
        ? await tx.run('DELETE FROM push_fanouts WHERE id = ? AND lease = ?', [id, lease])
        : await tx.run(
            `UPDATE push_fanouts SET items = ?, failures = 0, nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND)
              WHERE id = ? AND lease = ?`,
            [JSON.stringify(rest), this.leaseUs, id, lease],
          );
    return affectedRows === 1;
  }

  /** Gives a row back as it is: the next slice of its app goes on with it. */
  async yield({ id, lease }: ClaimedFanout): Promise<void> {
    await this.sql.run('UPDATE push_fanouts SET failures = 0, nextAt = NOW(3) WHERE id = ? AND lease = ?', [id, lease]);
  }

  /** What failed is tried again later and later; in the end it waits for an operator. True when it was given up. */
  async fail({ id, lease, failures }: ClaimedFanout, reason: string): Promise<boolean> {
    const dead = failures >= FAILURES_MAX;
    await this.sql.run(
      `UPDATE push_fanouts SET dead = ?, reason = ?, nextAt = DATE_ADD(NOW(3), INTERVAL ? SECOND)
        WHERE id = ? AND lease = ?`,
      [dead, reason.slice(0, 255), Math.min(BACKOFF_MAX_S, 2 ** failures), id, lease],
    );
    return dead;
  }

  dead(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<DeadFanout[]> {
    return this.sql.rows<DeadFanout>(
      `SELECT id, appPk, JSON_LENGTH(items) AS messages, reason, createdAt FROM push_fanouts
        WHERE dead = 1 AND id < ? ORDER BY id DESC LIMIT ?`,
      [before, limit],
    );
  }

  /** The app whose row it was; undefined when there is no such dead row. */
  async replay(id: number): Promise<number | undefined> {
    const [row] = await this.sql.rows<{ appPk: number }>('SELECT appPk FROM push_fanouts WHERE id = ? AND dead = 1', [
      id,
    ]);
    if (row) await this.sql.run('UPDATE push_fanouts SET dead = 0, failures = 0, nextAt = NOW(3) WHERE id = ?', [id]);
    return row?.appPk;
  }
}

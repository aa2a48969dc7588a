import { Injectable } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { Sql, type SqlExecutor, type SqlTransaction } from '../../../platform/database/sql';

/** A batch in the hands of this worker until its lease ends. */
export interface ClaimedBatch {
  readonly id: number;
  readonly size: number;
  readonly lease: number;
}

/** Pushes of one batch. */
export const BATCH_MAX = 250;
/** Small ones are taken together, so many at most. */
const CLAIM_MAX = 32;

/** Statements about which pushes are due: one row for hundreds, so that taking them writes nothing to the pushes themselves. */
@Injectable()
export class PushBatches {
  constructor(
    private readonly sql: Sql,
    private readonly settings: Settings,
  ) {}

  /** Puts pushes into batches that are due after so long; `write` puts them into theirs. */
  async put<T>(
    tx: SqlExecutor,
    { appPk, afterMs, pushes }: { appPk: number; afterMs: number; pushes: readonly T[] },
    write: (batchPk: number, pushes: readonly T[]) => Promise<void> | void,
  ): Promise<void> {
    for (let at = 0; at < pushes.length; at += BATCH_MAX) {
      const some = pushes.slice(at, at + BATCH_MAX);
      const { insertId } = await tx.run(
        'INSERT INTO push_batches (appPk, size, nextAt) VALUES (?, ?, DATE_ADD(NOW(3), INTERVAL ? MICROSECOND))',
        [appPk, some.length, Math.ceil(afterMs) * 1000],
      );
      await write(insertId, some);
    }
  }

  /** The one written last: what the batches up to it stand for is stored. */
  async latest(): Promise<number> {
    const [row] = await this.sql.rows<{ id: number | null }>('SELECT MAX(id) AS id FROM push_batches');
    return row?.id ?? 0;
  }

  async dueApps(): Promise<number[]> {
    const rows = await this.sql.rows<{ appPk: number }>(
      `SELECT appPk FROM (SELECT appPk, MIN(nextAt) AS nextAt FROM push_batches GROUP BY appPk) d
        WHERE nextAt <= NOW(3)`,
    );
    return rows.map(({ appPk }) => appPk);
  }

  /**
   * Takes due batches of an app for as long as a lease, as many as make `pushesMax` pushes (`BATCH_MAX` at least); others
   * look past them. `more`: others are due as well.
   */
  async claim(
    tx: SqlTransaction,
    appPk: number,
    pushesMax: number,
  ): Promise<{ batches: ClaimedBatch[]; more: boolean }> {
    const due = await tx.rows<ClaimedBatch>(
      `SELECT id, size, lease FROM push_batches WHERE appPk = ? AND nextAt <= NOW(3)
        ORDER BY nextAt LIMIT ? FOR UPDATE SKIP LOCKED`,
      [appPk, CLAIM_MAX],
    );
    const batches: ClaimedBatch[] = [];
    let pushes = 0;
    for (const { id, size, lease } of due) {
      pushes += size;
      if (pushes > pushesMax) break;
      batches.push({ id, size, lease: lease + 1 });
    }
    if (batches.length > 0) {
      tx.later(
        'UPDATE push_batches SET lease = lease + 1, nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND) WHERE id IN (?)',
        [this.settings.work.leaseMs * 1000, batches.map(({ id }) => id)],
      );
    }
    return { batches, more: batches.length < due.length || due.length === CLAIM_MAX };
  }

  /** All of them ended, or went to another batch. */
  async done(batches: readonly ClaimedBatch[]): Promise<void> {
    if (batches.length === 0) return;
    await this.sql.run(`DELETE FROM push_batches WHERE ${these(batches)}`, keysOf(batches));
  }

  /** Gives them back untouched, due again after so long. */
  async release(batches: readonly ClaimedBatch[], afterMs: number): Promise<void> {
    await this.sql.run(
      `UPDATE push_batches SET nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND) WHERE ${these(batches)}`,
      [Math.ceil(afterMs) * 1000, ...keysOf(batches)],
    );
  }
}

const these = (batches: readonly ClaimedBatch[]): string => batches.map(() => '(id = ? AND lease = ?)').join(' OR ');
const keysOf = (batches: readonly ClaimedBatch[]): number[] => batches.flatMap(({ id, lease }) => [id, lease]);

import { Injectable } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';

/** A push that was decided. */
export interface NewTask {
  readonly appPk: number;
  readonly userPk: number;
  readonly devicePk: number;
  readonly conversationPk: number;
  readonly seqs: readonly number[];
  readonly mentioned: boolean;
}

/** A task in the hands of this worker until its lease ends. */
export interface ClaimedTask {
  readonly id: number;
  readonly appPk: number;
  readonly userPk: number;
  readonly devicePk: number;
  readonly conversationPk: number;
  readonly seqs: readonly number[];
  readonly upToSeq: number;
  readonly mentioned: boolean;
  readonly attempts: number;
  readonly openedAt: Date;
  /** Why it was not taken the last time. */
  readonly reason: string | null;
}

export interface Postponed {
  readonly id: number;
  readonly afterMs: number;
  readonly reason: string;
  /** It was not tried: the attempt does not count. */
  readonly untried: boolean;
}

interface TaskColumns extends Omit<ClaimedTask, 'seqs' | 'mentioned'> {
  readonly seqs: string;
  readonly mentioned: number;
}

/** The first word of the reason of what waits for another credential. */
export const HELD = 'credential-paused';
/** What comes within this time of the first message joins its notification. */
export const COLLECT_MS = 400;
/** A device that was just told about a conversation is told of it again no sooner. */
const AGAIN_MS = 3000;

const COLUMNS = 'id, appPk, userPk, devicePk, conversationPk, seqs, upToSeq, mentioned, attempts, openedAt, reason';

/** Statements about pushes under way. */
@Injectable()
export class PushTasks {
  constructor(
    private readonly sql: Sql,
    private readonly settings: Settings,
  ) {}

  /** Opens tasks, or adds to those that are open. In the order of the unique key, as every other page does. */
  async open(tx: SqlExecutor, tasks: readonly NewTask[]): Promise<void> {
    if (tasks.length === 0) return;
    const rows = [...tasks]
      .sort((a, b) => a.devicePk - b.devicePk || a.conversationPk - b.conversationPk)
      .map(({ appPk, userPk, devicePk, conversationPk, seqs, mentioned }) => [
        appPk,
        userPk,
        devicePk,
        conversationPk,
        writeSeqs(seqs),
        Math.max(...seqs),
        mentioned,
      ]);
    // The time is the server's own, so it cannot stand among the values.
    const place = `(?, ?, ?, ?, ?, ?, ?, DATE_ADD(NOW(3), INTERVAL ${COLLECT_MS * 1000} MICROSECOND), NOW(3))`;
    await tx.run(
      `INSERT INTO push_tasks (appPk, userPk, devicePk, conversationPk, seqs, upToSeq, mentioned, nextAt, openedAt)
        VALUES ${rows.map(() => place).join(', ')}
        ON DUPLICATE KEY UPDATE
          openedAt = IF(nextAt IS NULL, VALUES(openedAt), openedAt),
          attempts = IF(nextAt IS NULL, 0, attempts),
          mentioned = IF(nextAt IS NULL, VALUES(mentioned), mentioned OR VALUES(mentioned)),
          nextAt = COALESCE(nextAt, GREATEST(VALUES(nextAt),
            COALESCE(DATE_ADD(sentAt, INTERVAL ${AGAIN_MS * 1000} MICROSECOND), VALUES(nextAt)))),
          userPk = VALUES(userPk), appPk = VALUES(appPk),
          seqs = CONCAT(seqs, VALUES(seqs)), upToSeq = GREATEST(upToSeq, VALUES(upToSeq))`,
      rows.flat(),
    );
  }

  async dueApps(): Promise<number[]> {
    const rows = await this.sql.rows<{ appPk: number }>(
      `SELECT appPk FROM (SELECT appPk, MIN(nextAt) AS nextAt FROM push_tasks WHERE nextAt IS NOT NULL GROUP BY appPk) d
        WHERE nextAt <= NOW(3)`,
    );
    return rows.map(({ appPk }) => appPk);
  }

  /** Takes due tasks of an app for as long as a lease; others look past them. */
  claim(appPk: number, limit: number): Promise<ClaimedTask[]> {
    return this.sql.transaction(async (tx) => {
      const rows = await tx.rows<TaskColumns>(
        `SELECT ${COLUMNS} FROM push_tasks WHERE appPk = ? AND nextAt <= NOW(3)
          ORDER BY nextAt LIMIT ? FOR UPDATE SKIP LOCKED`,
        [appPk, limit],
      );
      if (rows.length > 0) {
        await tx.run(
          'UPDATE push_tasks SET attempts = attempts + 1, nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND) WHERE id IN (?)',
          [this.settings.work.leaseMs * 1000, rows.map(({ id }) => id)],
        );
      }
      return rows.map((row) => ({
        ...row,
        seqs: readSeqs(row.seqs),
        mentioned: row.mentioned === 1,
        attempts: row.attempts + 1,
      }));
    });
  }

  /** Tasks as they are now, locked, by id. */
  async lock(tx: SqlExecutor, ids: readonly number[]): Promise<Map<number, { seqs: number[]; open: boolean }>> {
    const rows = await tx.rows<{ id: number; seqs: string; open: number }>(
      'SELECT id, seqs, nextAt IS NOT NULL AS open FROM push_tasks WHERE id IN (?) ORDER BY id FOR UPDATE',
      [[...ids].sort((a, b) => a - b)],
    );
    return new Map(rows.map(({ id, seqs, open }) => [id, { seqs: readSeqs(seqs), open: open === 1 }]));
  }

  /** Closes tasks of which nothing is left. */
  async close(tx: SqlExecutor, ids: readonly number[], sent: boolean): Promise<void> {
    if (ids.length === 0) return;
    await tx.run(
      `UPDATE push_tasks SET nextAt = NULL, seqs = '', attempts = 0, reason = NULL${sent ? ', sentAt = NOW(3)' : ''}
        WHERE id IN (?)`,
      [[...ids]],
    );
  }

  /** Something joined while a task was under way: it is due again for the rest. */
  async keep(tx: SqlExecutor, id: number, seqs: readonly number[], sent: boolean): Promise<void> {
    await tx.run(
      `UPDATE push_tasks SET seqs = ?, attempts = 0, openedAt = NOW(3), reason = NULL,
          nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND)${sent ? ', sentAt = NOW(3)' : ''} WHERE id = ?`,
      [writeSeqs(seqs), (sent ? AGAIN_MS : 0) * 1000, id],
    );
  }

  /** Due again later; the reason is kept for whoever asks what it waits for. */
  async postpone(tx: SqlExecutor, tasks: readonly Postponed[]): Promise<void> {
    const alike = new Map<string, Postponed & { ids: number[] }>();
    for (const task of tasks) {
      const key = `${task.afterMs} ${task.untried} ${task.reason}`;
      const same = alike.get(key);
      if (same) same.ids.push(task.id);
      else alike.set(key, { ...task, ids: [task.id] });
    }
    for (const { ids, afterMs, reason, untried } of alike.values()) {
      await tx.run(
        `UPDATE push_tasks SET nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND), reason = ?,
            attempts = GREATEST(attempts, ?) - ? WHERE id IN (?) AND nextAt IS NOT NULL`,
        [Math.ceil(afterMs) * 1000, asciiOf(reason), untried ? 1 : 0, untried ? 1 : 0, ids],
      );
    }
  }

  /** What waits for another credential of an app is due, as soon as every process has heard of it. */
  async resume(appPk: number, afterMs: number): Promise<void> {
    await this.sql.run(
      `UPDATE push_tasks SET nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND)
        WHERE appPk = ? AND nextAt > NOW(3) AND reason LIKE '${HELD}%'`,
      [afterMs * 1000, appPk],
    );
  }

  /** Gives claimed tasks back untouched: they were not tried. */
  async release(ids: readonly number[], afterMs = 0): Promise<void> {
    if (ids.length === 0) return;
    await this.sql.run(
      `UPDATE push_tasks SET attempts = attempts - 1, nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND)
        WHERE id IN (?) AND attempts > 0 AND nextAt IS NOT NULL`,
      [Math.ceil(afterMs) * 1000, [...ids]],
    );
  }

  /** Closed rows that nobody needs any more. */
  static readonly OLD = 'DELETE FROM push_tasks WHERE nextAt IS NULL AND openedAt < ? LIMIT ?';
}

const writeSeqs = (seqs: readonly number[]): string => seqs.map((seq) => `,${seq}`).join('');
const readSeqs = (text: string): number[] => [...new Set(text.split(',').filter(Boolean).map(Number))];
const asciiOf = (text: string): string => text.replace(/[^ -~]/g, '?').slice(0, 191);

import { Injectable } from '@nestjs/common';
import { PAIRS, pairsValue } from '../../../platform/database/pairs';
import { RowsText } from '../../../platform/database/rows-text';
import { Sql, type SqlExecutor, type SqlTransaction } from '../../../platform/database/sql';
import type { ProviderName } from '../provider';
import { FullTasks, IS_FULL } from './full-tasks';
import { type ClaimedBatch, PushBatches } from './push-batches';
import type { PushRecord } from './push-records';

/** A push that was decided. */
export interface NewTask {
  readonly appPk: number;
  readonly userPk: number;
  readonly devicePk: number;
  /** What the device is called, and whose it is, also when it is let go. */
  readonly deviceId: string | null;
  readonly provider: ProviderName | null;
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
  readonly deviceId: string | null;
  readonly provider: ProviderName | null;
  readonly conversationPk: number;
  readonly seqs: readonly number[];
  readonly upToSeq: number;
  readonly mentioned: boolean;
  readonly batchPk: number;
  readonly attempts: number;
  readonly openedAt: Date;
  /** Why it was not taken the last time. */
  readonly reason: string | null;
}

/** What one job took. */
export interface Claimed {
  readonly tasks: ClaimedTask[];
  readonly batches: readonly ClaimedBatch[];
  /** More is due. */
  readonly more: boolean;
}

export interface Kept {
  readonly id: number;
  readonly seqs: readonly number[];
  /** Since when the oldest of them is owed; now when absent. */
  readonly since?: Date;
}

export interface Postponed {
  readonly id: number;
  readonly appPk: number;
  readonly afterMs: number;
  readonly reason: string;
  /** It was not tried: the attempt does not count. */
  readonly untried: boolean;
}

type TaskPlace = Pick<NewTask, 'devicePk' | 'conversationPk'>;

/** What is known of tasks before others join them. */
interface Known {
  readonly resting: ReadonlyMap<string, number>;
  readonly full: readonly number[];
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
/** Who was told at about the same time waits together. */
const AGAIN_STEP_MS = 500;

const COLUMNS =
  'id, appPk, userPk, devicePk, deviceId, provider, conversationPk, seqs, upToSeq, mentioned, batchPk, attempts, openedAt, reason';

/** Statements about pushes under way. */
@Injectable()
export class PushTasks {
  constructor(
    private readonly sql: Sql,
    private readonly batches: PushBatches,
    private readonly full: FullTasks,
  ) {}

  /**
   * Opens tasks of one app, or adds to those that are open. In the order of the unique key, as every other page does.
   * Answers the ends that this brought to others, to be counted after COMMIT.
   */
  async open(tx: SqlTransaction, appPk: number, tasks: readonly NewTask[]): Promise<PushRecord[]> {
    if (tasks.length === 0) return [];
    const { resting, full } = await this.known(tx, tasks);
    const ended = await this.full.makeRoom(tx, full);
    const sorted = [...tasks].sort((a, b) => a.devicePk - b.devicePk || a.conversationPk - b.conversationPk);
    const together = new Map<number, NewTask[]>();
    for (const task of sorted) {
      const afterMs = Math.max(COLLECT_MS, resting.get(keyOf(task)) ?? 0);
      const same = together.get(afterMs);
      if (same) same.push(task);
      else together.set(afterMs, [task]);
    }
    for (const [afterMs, pushes] of together) {
      await this.batches.put(tx, { appPk, afterMs, pushes }, (batchPk, some) => openIn(tx, batchPk, some));
    }
    return ended;
  }

  /** Takes so many due tasks of an app, at most, for as long as a lease. They are done, or given back, by their batches. */
  claim(appPk: number, max: number): Promise<Claimed> {
    return this.sql.transaction(async (tx) => {
      const { batches, more } = await this.batches.claim(tx, appPk, max);
      if (batches.length === 0) return { tasks: [], batches, more };
      const rows = await tx.rows<TaskColumns>(`SELECT ${COLUMNS} FROM push_tasks WHERE batchPk IN (?) AND seqs <> ''`, [
        batches.map(({ id }) => id),
      ]);
      const tasks = rows.map(claimedOf);
      return { tasks, batches, more };
    });
  }

  /** Tasks as they are now, locked: what each stands for. */
  async lock(tx: SqlExecutor, ids: readonly number[]): Promise<Map<number, number[]>> {
    const rows = await tx.rows<{ id: number; seqs: string }>(
      'SELECT id, seqs FROM push_tasks WHERE id IN (?) ORDER BY id FOR UPDATE',
      [[...ids].sort((a, b) => a - b)],
    );
    return new Map(rows.map(({ id, seqs }) => [id, readSeqs(seqs)]));
  }

  /** Closes tasks of which nothing is left. */
  close(tx: SqlTransaction, ids: readonly number[], sent: boolean): void {
    if (ids.length === 0) return;
    tx.later(
      `UPDATE push_tasks SET seqs = '', attempts = 0, reason = NULL${sent ? ', sentAt = NOW(3)' : ''} WHERE id IN (?)`,
      [[...ids]],
    );
  }

  /** Something joined tasks while they were under way: they are due again for the rest. */
  async keep(tx: SqlTransaction, appPk: number, pushes: readonly Kept[], sent: boolean): Promise<void> {
    await this.batches.put(tx, { appPk, afterMs: sent ? AGAIN_MS : 0, pushes }, (batchPk, some) => {
      for (const { id, seqs, since } of some) {
        tx.later(
          `UPDATE push_tasks SET seqs = ?, batchPk = ?, attempts = 0, openedAt = COALESCE(?, NOW(3)),
              reason = NULL${sent ? ', sentAt = NOW(3)' : ''} WHERE id = ?`,
          [writeSeqs(seqs), batchPk, since ?? null, id],
        );
      }
    });
  }

  /** Due again later; the reason is kept for whoever asks what it waits for. */
  async postpone(tx: SqlTransaction, tasks: readonly Postponed[]): Promise<void> {
    const alike = new Map<string, Postponed & { pushes: number[] }>();
    for (const task of tasks) {
      const key = `${task.appPk} ${task.afterMs} ${task.untried} ${task.reason}`;
      const same = alike.get(key);
      if (same) same.pushes.push(task.id);
      else alike.set(key, { ...task, pushes: [task.id] });
    }
    for (const { reason, untried, ...due } of alike.values()) {
      await this.batches.put(tx, due, (batchPk, ids) => {
        tx.later(
          `UPDATE push_tasks SET batchPk = ?, reason = ?, attempts = attempts + ? WHERE id IN (?) AND seqs <> ''`,
          [batchPk, asciiOf(reason), untried ? 0 : 1, [...ids]],
        );
      });
    }
  }

  /** What waits for another credential of an app is due, as soon as every process has heard of it. */
  async resume(appPk: number, afterMs: number): Promise<void> {
    // Nobody ever took these batches: the time of the others may be the end of somebody's lease.
    await this.sql.run(
      `UPDATE push_batches b SET b.nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND)
        WHERE b.appPk = ? AND b.nextAt > NOW(3) AND b.lease = 0 AND EXISTS (
          SELECT 1 FROM push_tasks t WHERE t.batchPk = b.id AND t.seqs <> '' AND t.reason LIKE '${HELD}%')`,
      [afterMs * 1000, appPk],
    );
  }

  /** How many pushes of an app wait for another credential, by vendor. */
  async held(appPk: number): Promise<Map<ProviderName, number>> {
    const rows = await this.sql.rows<{ provider: ProviderName; held: number }>(
      `SELECT t.provider, COUNT(*) AS held FROM push_batches b JOIN push_tasks t ON t.batchPk = b.id
        WHERE b.appPk = ? AND t.seqs <> '' AND t.reason LIKE '${HELD}%' AND t.provider IS NOT NULL GROUP BY t.provider`,
      [appPk],
    );
    return new Map(rows.map(({ provider, held }) => [provider, held]));
  }

  /**
   * How long those that were told a moment ago still rest: only their time hangs on it, so nothing is locked. And those
   * that nothing more fits into.
   */
  private async known(tx: SqlExecutor, tasks: readonly NewTask[]): Promise<Known> {
    const rows = await tx.rows<{ id: number; toldMs: number | null; isFull: number } & TaskPlace>(
      `SELECT id, devicePk, conversationPk, TIMESTAMPDIFF(MICROSECOND, sentAt, NOW(3)) DIV 1000 AS toldMs,
          ${IS_FULL} AS isFull
         FROM ${PAIRS} STRAIGHT_JOIN push_tasks ON devicePk = d.a AND conversationPk = d.b
        WHERE sentAt > DATE_SUB(NOW(3), INTERVAL ${AGAIN_MS * 1000} MICROSECOND) OR ${IS_FULL}`,
      [pairsValue(tasks.map(({ devicePk, conversationPk }) => [devicePk, conversationPk]))],
    );
    const resting = new Map<string, number>();
    for (const { toldMs, ...place } of rows) {
      if (toldMs !== null) resting.set(keyOf(place), Math.ceil((AGAIN_MS - toldMs) / AGAIN_STEP_MS) * AGAIN_STEP_MS);
    }
    return { resting, full: rows.filter(({ isFull }) => isFull === 1).map(({ id }) => id) };
  }

  /** Closed rows that nobody needs any more. */
  static readonly OLD = "DELETE FROM push_tasks WHERE seqs = '' AND openedAt < ? LIMIT ?";
}

/** What is open stays in its batch; MySQL assigns from left to right, so `seqs` comes last. */
function openIn(tx: SqlTransaction, batchPk: number, tasks: readonly NewTask[]): void {
  const rows = tasks.map(({ appPk, userPk, devicePk, deviceId, provider, conversationPk, seqs, mentioned }) => [
    appPk,
    userPk,
    devicePk,
    deviceId,
    provider,
    conversationPk,
    writeSeqs(seqs),
    Math.max(...seqs),
    mentioned ? 1 : 0,
    batchPk,
  ]);
  tx.later(
    `INSERT INTO push_tasks
        (appPk, userPk, devicePk, deviceId, provider, conversationPk, seqs, upToSeq, mentioned, batchPk) VALUES ?
      ON DUPLICATE KEY UPDATE
        openedAt = IF(seqs = '', NOW(3), openedAt),
        attempts = IF(seqs = '', 0, attempts),
        mentioned = IF(seqs = '', VALUES(mentioned), mentioned OR VALUES(mentioned)),
        batchPk = IF(seqs = '', VALUES(batchPk), batchPk),
        userPk = VALUES(userPk), appPk = VALUES(appPk), deviceId = VALUES(deviceId), provider = VALUES(provider),
        upToSeq = GREATEST(upToSeq, VALUES(upToSeq)), seqs = CONCAT(seqs, VALUES(seqs))`,
    [new RowsText(rows)],
  );
}

/** Field by field: this runs for every push, and every read of a `{...row, a}` misses all inline caches. */
const claimedOf = (row: TaskColumns): ClaimedTask => ({
  id: row.id,
  appPk: row.appPk,
  userPk: row.userPk,
  devicePk: row.devicePk,
  deviceId: row.deviceId,
  provider: row.provider,
  conversationPk: row.conversationPk,
  seqs: readSeqs(row.seqs),
  upToSeq: row.upToSeq,
  mentioned: row.mentioned === 1,
  batchPk: row.batchPk,
  attempts: row.attempts + 1,
  openedAt: row.openedAt,
  reason: row.reason,
});

const keyOf = ({ devicePk, conversationPk }: TaskPlace): string => `${devicePk}:${conversationPk}`;
const writeSeqs = (seqs: readonly number[]): string => seqs.map((seq) => `,${seq}`).join('');
/** Most stand for one message. */
const readSeqs = (text: string): number[] =>
  text.lastIndexOf(',') === 0 ? [Number(text.slice(1))] : [...new Set(text.split(',').filter(Boolean).map(Number))];
const asciiOf = (text: string): string => text.replace(/[^ -~]/g, '?').slice(0, 191);

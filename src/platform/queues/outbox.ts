import { Injectable } from '@nestjs/common';
import type { OwedKind } from '../../kernel/contracts/jobs';
import { type LaterResult, Sql, type SqlExecutor, type SqlTransaction } from '../database/sql';
import { OUTBOX_DEAD, OUTBOX_DONE, OUTBOX_NEW } from './outbox.entity';

export interface OwedRow<T> {
  id: number;
  payload: T;
}

/** What was given up, and waits for an operator. */
export interface DeadOwed {
  readonly id: number;
  readonly kind: OwedKind;
  /** How many messages it is about. */
  readonly messages: number;
  readonly reason: string | null;
  readonly createdAt: Date;
}

/** A row just written; its id is known once the transaction is committed. */
export type Owed = LaterResult;

/** What is owed after a commit: written with the rows it is about, settled once the effect has happened. */
@Injectable()
export class Outbox {
  constructor(private readonly sql: Sql) {}

  /**
   * Writes one row inside the caller's transaction. Not relayed before `delayMs` have passed, so that whoever wrote it can
   * settle it itself (`done`) and leave to the relay only the work of crashed nodes.
   */
  write(tx: SqlTransaction, kind: OwedKind, payload: unknown, delayMs = 0): Owed {
    return tx.later(
      'INSERT INTO outbox (kind, payload, nextAt) VALUES (?, ?, DATE_ADD(NOW(3), INTERVAL ? MICROSECOND))',
      [kind, JSON.stringify(payload), delayMs * 1000],
    );
  }

  /** Those of the given rows that are still owed. */
  async open<T>(ids: readonly number[]): Promise<OwedRow<T>[]> {
    if (ids.length === 0) return [];
    const rows = await this.sql.rows<{ id: number; payload: string }>(
      'SELECT id, payload FROM outbox WHERE id IN (?) AND state = ? ORDER BY id',
      [[...ids], OUTBOX_NEW],
    );
    return rows.map(({ id, payload }) => ({ id, payload: JSON.parse(payload) as T }));
  }

  /** All rows of a kind written within the last `ms`, settled or not, oldest first: what a node that hears no bus reads. */
  async recent<T>(kind: OwedKind, ms: number, limit: number): Promise<OwedRow<T>[]> {
    // The age is a column, not a condition: the newest `limit` rows are read and no more, however long the table is.
    const rows = await this.sql.rows<{ id: number; payload: string; fresh: number }>(
      `SELECT id, payload, createdAt > DATE_SUB(NOW(3), INTERVAL ? MICROSECOND) AS fresh
         FROM outbox WHERE kind = ? ORDER BY id DESC LIMIT ?`,
      [ms * 1000, kind, limit],
    );
    return rows
      .filter(({ fresh }) => fresh === 1)
      .map(({ id, payload }) => ({ id, payload: JSON.parse(payload) as T }))
      .reverse();
  }

  /** Marks those of the given rows that are still owed as done, inside the caller's transaction; answers which. */
  async take(tx: SqlExecutor, ids: readonly number[]): Promise<number[]> {
    if (ids.length === 0) return [];
    const owed = await tx.rows<{ id: number }>(
      'SELECT id FROM outbox WHERE id IN (?) AND state = ? ORDER BY id FOR UPDATE',
      [[...ids], OUTBOX_NEW],
    );
    const taken = owed.map(({ id }) => id);
    if (taken.length > 0) await tx.run('UPDATE outbox SET state = ? WHERE id IN (?)', [OUTBOX_DONE, taken]);
    return taken;
  }

  /** What was given up, the newest first. */
  dead(limit: number, before = Number.MAX_SAFE_INTEGER): Promise<DeadOwed[]> {
    return this.sql.rows<DeadOwed>(
      `SELECT id, kind, COALESCE(JSON_LENGTH(payload, '$.messages'), 0) AS messages, reason, createdAt FROM outbox
        WHERE state = ? AND id < ? ORDER BY id DESC LIMIT ?`,
      [OUTBOX_DEAD, before, limit],
    );
  }

  /** Has the relay try once more, from the beginning. False when no such row was given up. */
  async revive(id: number): Promise<boolean> {
    const { affectedRows } = await this.sql.run(
      'UPDATE outbox SET state = ?, attempts = 0, reason = NULL, nextAt = NOW(3) WHERE id = ? AND state = ?',
      [OUTBOX_NEW, id, OUTBOX_DEAD],
    );
    return affectedRows > 0;
  }

  /** Marks rows as done; those that are done already stay so. One statement, however many. */
  async done(ids: readonly number[]): Promise<void> {
    if (ids.length === 0) return;
    await this.sql.run('UPDATE outbox SET state = ? WHERE id IN (?) AND state = ?', [
      OUTBOX_DONE,
      [...ids],
      OUTBOX_NEW,
    ]);
  }
}

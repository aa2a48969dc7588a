import { Injectable } from '@nestjs/common';
import type { UserEvent } from '../../kernel/contracts/socket-events';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import { PageBudget } from '../../platform/entry/page-budget';

interface UserEventRecord {
  userSeq: number;
  kind: UserEvent['kind'];
  data: string;
  at: Date;
}

const KEPT_DAYS = 30;
/** What an event says besides its data. */
const ENVELOPE_BYTES = 120;
/** Appends between two looks for old events of the user. */
const TRIM_EVERY = 64;

/** How far a user's event log reaches; below `minUserSeq - 1` a client must take a snapshot. */
export interface UserEventBounds {
  maxUserSeq: number;
  minUserSeq: number;
}

/**
 * A user's own event log: what its devices tell each other and what happened to it. `userSeq` is given out without a
 * hole under the user's row; of several events of one kind about one thing only the latest stays.
 */
@Injectable()
export class UserEvents {
  constructor(private readonly sql: Sql) {}

  /**
   * Adds an event within the caller's transaction, which holds the user's row from here on (after any conversation's
   * row: the lock order). Tell it to the user's devices (`user:event`) after the commit.
   * @param ref what the event is about; a later one of this kind replaces the earlier
   */
  async append(
    tx: SqlExecutor,
    userPk: number,
    kind: UserEvent['kind'],
    ref: string,
    data: Record<string, unknown>,
  ): Promise<UserEvent> {
    const [user] = await tx.rows<{ maxUserSeq: number; now: Date }>(
      'SELECT maxUserSeq, NOW(3) AS now FROM users WHERE id = ? FOR UPDATE',
      [userPk],
    );
    if (!user) throw new Error('an event for a user that is not there');
    const userSeq = user.maxUserSeq + 1;
    await tx.run('UPDATE users SET maxUserSeq = ? WHERE id = ?', [userSeq, userPk]);
    await tx.run(
      `INSERT INTO user_events (userPk, userSeq, kind, ref, data, at) VALUES (?)
       ON DUPLICATE KEY UPDATE userSeq = VALUES(userSeq), data = VALUES(data), at = VALUES(at)`,
      [[userPk, userSeq, kind, ref, JSON.stringify(data), user.now]],
    );
    if (userSeq % TRIM_EVERY === 0) await this.trim(tx, userPk);
    return { userSeq, kind, at: user.now.toISOString(), data };
  }

  /** Forgets what is older than 30 days, under the user's row: a client further behind takes a snapshot. */
  private async trim(tx: SqlExecutor, userPk: number): Promise<void> {
    const [old] = await tx.rows<{ last: number | null }>(
      'SELECT MAX(userSeq) AS last FROM user_events WHERE userPk = ? AND at < DATE_SUB(NOW(3), INTERVAL ? DAY)',
      [userPk, KEPT_DAYS],
    );
    if (!old?.last) return;
    await tx.run('DELETE FROM user_events WHERE userPk = ? AND userSeq <= ?', [userPk, old.last]);
    await tx.run('UPDATE users SET minUserSeq = GREATEST(minUserSeq, ?) WHERE id = ?', [old.last + 1, userPk]);
  }

  /** Events after `userSeq`, oldest first, as many as are allowed; the first is among them however long it is. */
  async since(
    userPk: number,
    userSeq: number,
    { limit, maxBytes }: { limit: number; maxBytes: number },
  ): Promise<{ events: UserEvent[]; more: boolean }> {
    const lengths = await this.sql.rows<{ userSeq: number; bytes: number }>(
      `SELECT userSeq, LENGTH(data) + ${ENVELOPE_BYTES} AS bytes FROM user_events WHERE userPk = ? AND userSeq > ?
       ORDER BY userSeq LIMIT ?`,
      [userPk, userSeq, limit + 1],
    );
    const fitting = new PageBudget(maxBytes).fill(lengths.slice(0, limit), ({ bytes }) => bytes);
    const last = fitting[fitting.length - 1];
    if (!last) return { events: [], more: false };
    const rows = await this.sql.rows<UserEventRecord>(
      `SELECT userSeq, kind, data, at FROM user_events WHERE userPk = ? AND userSeq BETWEEN ? AND ? ORDER BY userSeq`,
      [userPk, userSeq + 1, last.userSeq],
    );
    const events = rows.map((row) => ({
      userSeq: row.userSeq,
      kind: row.kind,
      at: row.at.toISOString(),
      data: JSON.parse(row.data) as Record<string, unknown>,
    }));
    return { events, more: lengths.length > fitting.length };
  }

  async bounds(userPk: number): Promise<UserEventBounds> {
    const [row] = await this.sql.rows<UserEventBounds>('SELECT maxUserSeq, minUserSeq FROM users WHERE id = ?', [
      userPk,
    ]);
    return row ?? { maxUserSeq: 0, minUserSeq: 1 };
  }
}

import { Injectable } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import type { ConversationRef } from './audience';
import type { Head } from './log/log-writer';

/** Who is in a conversation, as of one memberVersion. */
export interface MemberSnapshot {
  readonly memberVersion: number;
  readonly userPks: readonly number[];
  /** For each of them, the seq from which on it hears what is said. */
  readonly since: readonly number[];
}

const PAGE = 500;

/** The windows of a conversation's members. Rows are never deleted: marks written late then find their row closed. */
@Injectable()
export class Members {
  constructor(private readonly sql: Sql) {}

  /**
   * Opens the windows of users who come in (again), inside `ConversationLog.change`. They hear everything from the next
   * seq on; what was before counts as read.
   *
   * @param readFrom the first seq they may read: 1 for the whole history, else `head.maxSeq + 1`
   */
  async enter(
    tx: SqlExecutor,
    { pk, appPk }: ConversationRef,
    head: Readonly<Head>,
    userPks: readonly number[],
    readFrom: number,
  ): Promise<void> {
    if (userPks.length === 0) return;
    const rows = [...userPks]
      .sort((a, b) => a - b)
      .map((userPk) => [userPk, pk, appPk, readFrom, head.maxSeq + 1, head.maxSeq, head.countSeq, head.maxSeq]);
    await tx.run(
      `INSERT INTO members (userPk, conversationPk, appPk, joinSeq, hearSeq, readSeq, readCount, deliveredSeq) VALUES ?
        ON DUPLICATE KEY UPDATE joinSeq = VALUES(joinSeq), hearSeq = VALUES(hearSeq), leaveSeq = NULL,
          readSeq = VALUES(readSeq), readCount = VALUES(readCount) - ownCount, deliveredSeq = VALUES(deliveredSeq)`,
      [rows],
    );
  }

  /** Closes windows: nothing after `leaveSeq` was for them, and from now on nothing at all. */
  async leave(tx: SqlExecutor, { pk }: ConversationRef, userPks: readonly number[], leaveSeq: number): Promise<void> {
    if (userPks.length === 0) return;
    await tx.run('UPDATE members SET leaveSeq = ? WHERE userPk IN (?) AND conversationPk = ? AND leaveSeq IS NULL', [
      leaveSeq,
      [...userPks],
      pk,
    ]);
  }

  /** Everybody who is in, read at one moment with the version that it belongs to. */
  async snapshot({ pk }: ConversationRef): Promise<MemberSnapshot> {
    const rows = await this.sql.rows<{ memberVersion: number; userPk: number | null; hearSeq: number | null }>(
      `SELECT c.memberVersion, m.userPk, m.hearSeq FROM conversations c
         LEFT JOIN members m ON m.conversationPk = c.id AND m.leaveSeq IS NULL WHERE c.id = ?`,
      [pk],
    );
    const present = rows.filter(({ userPk }) => userPk !== null);
    return {
      memberVersion: rows[0]?.memberVersion ?? 0,
      userPks: present.map(({ userPk }) => userPk ?? 0),
      since: present.map(({ hearSeq }) => hearSeq ?? 1),
    };
  }

  async versionOf({ pk }: ConversationRef): Promise<number> {
    const [row] = await this.sql.rows<{ memberVersion: number }>(
      'SELECT memberVersion FROM conversations WHERE id = ?',
      [pk],
    );
    return row?.memberVersion ?? 0;
  }

  /** Everybody who is in, a page at a time, in ascending order from the first beyond `start`. */
  async *pages({ pk }: ConversationRef, start = 0): AsyncIterable<number[]> {
    for (let after = start; ;) {
      const rows = await this.sql.rows<{ userPk: number }>(
        `SELECT userPk FROM members WHERE conversationPk = ? AND userPk > ? AND leaveSeq IS NULL
          ORDER BY userPk LIMIT ${PAGE}`,
        [pk, after],
      );
      if (rows.length > 0) yield rows.map(({ userPk }) => userPk);
      const last = rows.length === PAGE ? rows[PAGE - 1] : undefined;
      if (!last) return;
      after = last.userPk;
    }
  }

  /**
   * What this member may read; undefined when it is not in. Up to the head of this moment: what is said after it, when
   * the member may be gone already, is none of a page that is read by this answer.
   */
  async window({ pk }: ConversationRef, userPk: number): Promise<{ from: number; to: number } | undefined> {
    const [row] = await this.sql.rows<{ joinSeq: number; maxSeq: number }>(
      `SELECT m.joinSeq, c.maxSeq FROM members m JOIN conversations c ON c.id = m.conversationPk
        WHERE m.userPk = ? AND m.conversationPk = ? AND m.leaveSeq IS NULL`,
      [userPk, pk],
    );
    return row && { from: row.joinSeq, to: row.maxSeq };
  }
}

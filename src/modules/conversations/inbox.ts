import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import { Sql, type SqlExecutor, type SqlValue } from '../../platform/database/sql';
import type { ConversationRef } from './audience';
import { KIND_CODES, kindOf } from './kinds';
import { sqlTime } from './log/message';
import { ownCountAfter } from './own-count';

/** A conversation in a user's list: the log's head beside the member's marks. */
export interface InboxEntry {
  readonly conversationPk: number;
  readonly maxSeq: number;
  /** Seq of the last message that this user sees; 0 for none. */
  readonly lastSeq: number;
  /** When that message was sent (epoch ms); 0 for none. */
  readonly lastAt: number;
  /** Lowest seq this user may read. */
  readonly minSeq: number;
  readonly readSeq: number;
  readonly deliveredSeq: number;
  readonly unread: number;
  readonly muted: boolean;
  readonly pinned: boolean;
}

interface EntryColumns {
  conversationPk: number;
  kind: number;
  lowPk: number;
  highPk: number;
  maxSeq: number;
  lastSeq: number;
  headMinSeq: number;
  minCount: number;
  minLowCount: number;
  countSeq: number;
  lowCount: number;
  lastAt: Date | null;
  joinSeq: number;
  readSeq: number;
  readCount: number;
  ownCount: number;
  deliveredSeq: number;
  clearSeq: number;
  muted: number;
  pinned: number;
}

/** The last message that this member sees: a directed one leaves no trace in the list of those whom it is not for. */
const LAST_SEQ = 'GREATEST(m.directedSeq, IF(c.directedHeadSeq = c.maxSeq, c.lastVisibleSeq, c.maxSeq))';
const LAST_AT =
  'IF(c.directedHeadSeq <> c.maxSeq, c.lastAt, IF(m.directedSeq > c.lastVisibleSeq, m.directedAt, c.lastVisibleAt))';

const COLUMNS = `m.conversationPk, c.kind, c.lowPk, c.highPk, c.maxSeq, ${LAST_SEQ} AS lastSeq, ${LAST_AT} AS lastAt,
  c.minSeq AS headMinSeq, c.minCount, c.minLowCount, c.countSeq, c.lowCount,
  m.joinSeq, m.readSeq, m.readCount, m.ownCount, m.deliveredSeq, m.clearSeq, m.muted, m.pinned`;

/** One-to-one conversations come into being before their first message; until then they are nobody's. Who left has none. */
export const VISIBLE = '(c.maxSeq > m.clearSeq OR c.kind = 2) AND m.leaveSeq IS NULL';

/** A user's conversations with their unread counts, computed and never counted up: `f(log, marks)`. */
@Injectable()
export class Inbox {
  constructor(private readonly sql: Sql) {}

  /** Latest activity first. `before`: the last entry of the page before; `kind`: only conversations of this kind. */
  async latest(
    userPk: number,
    limit: number,
    {
      before,
      kind,
    }: { before?: { lastAt: number; conversationPk: number } | undefined; kind?: ConversationKind | undefined } = {},
  ): Promise<InboxEntry[]> {
    const values: SqlValue[] = [userPk];
    let seek = '';
    if (kind) {
      seek = 'AND c.kind = ?';
      values.push(KIND_CODES[kind]);
    }
    if (before) {
      const at = sqlTime(before.lastAt);
      seek += ` AND (${LAST_AT} < ? OR (${LAST_AT} = ? AND m.conversationPk < ?))`;
      values.push(at, at, before.conversationPk);
    }
    const rows = await this.sql.rows<EntryColumns>(
      `SELECT ${COLUMNS} FROM members m JOIN conversations c ON c.id = m.conversationPk
        WHERE m.userPk = ? AND ${VISIBLE} ${seek} ORDER BY lastAt DESC, m.conversationPk DESC LIMIT ?`,
      [...values, limit],
    );
    return this.entries(rows, userPk);
  }

  /** In the order of their keys, which no write changes: pages of a sync are stable. */
  async afterKey(userPk: number, conversationPk: number, limit: number): Promise<InboxEntry[]> {
    const rows = await this.sql.rows<EntryColumns>(
      `SELECT ${COLUMNS} FROM members m JOIN conversations c ON c.id = m.conversationPk
        WHERE m.userPk = ? AND m.conversationPk > ? AND ${VISIBLE} ORDER BY m.conversationPk LIMIT ?`,
      [userPk, conversationPk, limit],
    );
    return this.entries(rows, userPk);
  }

  async entry(userPk: number, conversationPk: number, tx: SqlExecutor = this.sql): Promise<InboxEntry | undefined> {
    const [row] = await tx.rows<EntryColumns>(
      `SELECT ${COLUMNS} FROM members m JOIN conversations c ON c.id = m.conversationPk WHERE m.userPk = ? AND m.conversationPk = ? AND m.leaveSeq IS NULL`,
      [userPk, conversationPk],
    );
    return row && (await this.entries([row], userPk, tx))[0];
  }

  private entries(rows: EntryColumns[], userPk: number, tx: SqlExecutor = this.sql): Promise<InboxEntry[]> {
    return Promise.all(
      rows.map(async (columns) => {
        // What is before one's window counts as read; a predecessor may have read less.
        const row = { ...columns, readSeq: Math.max(columns.readSeq, columns.joinSeq - 1) };
        return toEntry(withoutForgotten(row, userPk, await ownRise(tx, row, userPk)), userPk);
      }),
    );
  }

  /** The other side's marks of one-to-one conversations, by conversation. */
  async peerMarks(
    userPk: number,
    conversationPks: readonly number[],
  ): Promise<Map<number, { deliveredSeq: number; readSeq: number }>> {
    if (conversationPks.length === 0) return new Map();
    const rows = await this.sql.rows<{ conversationPk: number; deliveredSeq: number; readSeq: number }>(
      'SELECT conversationPk, deliveredSeq, readSeq FROM members WHERE conversationPk IN (?) AND userPk <> ? AND leaveSeq IS NULL',
      [[...conversationPks], userPk],
    );
    return new Map(
      rows.map(({ conversationPk, deliveredSeq, readSeq }) => [
        conversationPk,
        { deliveredSeq: Math.max(deliveredSeq, readSeq), readSeq },
      ]),
    );
  }
}

/** Whether messages were forgotten that this member had not read. */
const outlived = ({ headMinSeq, readSeq }: EntryColumns): boolean => readSeq < headMinSeq - 1;

/** Only for group members who have not read for as long as the app keeps messages; no query for anybody else. */
const ownRise = (tx: SqlExecutor, row: EntryColumns, userPk: number): number | Promise<number> =>
  outlived(row) && row.kind === KIND_CODES.group
    ? ownCountAfter(tx, row.conversationPk, userPk, row.headMinSeq - 1)
    : 0;

/** The marks as if the member had read what is forgotten: it no longer stands, so it is nobody's unread. */
function withoutForgotten(row: EntryColumns, userPk: number, ownRise: number): EntryColumns {
  if (!outlived(row)) return row;
  const before = { countSeq: row.minCount, lowCount: row.minLowCount, ownCount: row.ownCount - ownRise };
  return { ...row, readSeq: row.headMinSeq - 1, readCount: countOfOthers(nameOf(row), userPk, before) };
}

const nameOf = ({ kind, lowPk, highPk }: EntryColumns): Pick<ConversationRef, 'kind' | 'lowPk' | 'highPk'> => ({
  kind: kindOf(kind),
  lowPk,
  highPk,
});

function toEntry(row: EntryColumns, userPk: number): InboxEntry {
  return {
    conversationPk: row.conversationPk,
    maxSeq: row.maxSeq,
    lastSeq: row.lastSeq,
    minSeq: Math.max(row.headMinSeq, row.joinSeq, row.clearSeq + 1),
    readSeq: row.readSeq,
    deliveredSeq: Math.max(row.deliveredSeq, row.readSeq),
    unread: Math.max(0, countOfOthers(nameOf(row), userPk, row) - row.readCount),
    muted: row.muted === 1,
    pinned: row.pinned === 1,
    lastAt: row.lastAt?.getTime() ?? 0,
  };
}

/**
 * How many countable messages of others stand up to the point where these counters were taken. One-to-one logs count
 * each side apart, so that what one sent oneself is never one's own unread; groups keep `ownCount` with the member.
 */
export function countOfOthers(
  { kind, lowPk, highPk }: Pick<ConversationRef, 'kind' | 'lowPk' | 'highPk'>,
  userPk: number,
  { countSeq, lowCount, ownCount = 0 }: { countSeq: number; lowCount: number; ownCount?: number },
): number {
  if (kind !== 'user') return countSeq - ownCount;
  if (lowPk === highPk) return 0;
  return userPk === lowPk ? countSeq - lowCount : lowCount;
}

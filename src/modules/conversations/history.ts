import { Injectable } from '@nestjs/common';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { PAIRS, pairsValue } from '../../platform/database/pairs';
import { Sql } from '../../platform/database/sql';
import { Audiences } from './audiences';
import type { ConversationRef } from './audience';
import { ConversationDirectory } from './directory';
import type { StoredMessage } from './log/message';
import { MESSAGE_COLUMNS, type MessageColumns, readMessage } from './log/message-row';

/** Exclusive bounds. With `after`: oldest first; with `before` or neither: newest first. */
export interface PageBounds {
  after?: number;
  before?: number;
  limit: number;
}

/** The seqs that a reader may see, both inclusive. */
export interface Window {
  from: number;
  to?: number;
}

const AHEAD = 'seq < GREATEST(?, (SELECT minSeq FROM conversations WHERE id = ?)) + ? ORDER BY seq ASC';
const BEHIND = 'seq > CAST(LEAST(?, (SELECT maxSeq FROM conversations WHERE id = ?)) AS SIGNED) - ? ORDER BY seq DESC';
/** Should there ever be a hole of no more than this, a page goes on behind it. */
const HOLES_MAX = 16;

/** Reads the log. Who may read what is decided before: every call takes the window. */
@Injectable()
export class ConversationHistory {
  constructor(
    private readonly sql: Sql,
    private readonly audiences: Audiences,
    private readonly directory: ConversationDirectory,
  ) {}

  /**
   * One page: a short range of the clustered key, whatever the size of the table. Nothing before the log's own `minSeq`.
   * A log has no holes, so the range is known beforehand. Without saying so a page of a log that nobody read lately costs
   * four to seven reads of the disk instead of one: the database looks at both ends of a range and at ten pages between.
   */
  async page(conversation: ConversationRef, window: Window, bounds: PageBounds): Promise<StoredMessage[]> {
    const forward = bounds.after !== undefined;
    const from = Math.max(window.from, (bounds.after ?? 0) + 1);
    const to = Math.min(window.to ?? Number.MAX_SAFE_INTEGER, (bounds.before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (from > to) return [];
    const { pk } = conversation;
    const last = Math.min(to, SEQ_MAX);
    const reach = bounds.limit + HOLES_MAX;
    const rows = await this.sql.rows<MessageColumns>(
      `SELECT ${MESSAGE_COLUMNS} FROM messages WHERE conversationPk = ? AND seq BETWEEN ? AND ?
          AND seq >= (SELECT minSeq FROM conversations WHERE id = ?) AND ${forward ? AHEAD : BEHIND} LIMIT ?`,
      [pk, from, last, pk, forward ? from : last, pk, reach, bounds.limit],
    );
    return this.toMessages(rows, new Map([[conversation.pk, conversation]]));
  }

  /** These very messages, in no order; what does not exist is left out. */
  async exactly(keys: readonly (readonly [conversationPk: number, seq: number])[]): Promise<StoredMessage[]> {
    if (keys.length === 0) return [];
    const rows = await this.sql.rows<MessageColumns>(
      `SELECT ${MESSAGE_COLUMNS} FROM ${PAIRS} STRAIGHT_JOIN messages ON conversationPk = d.a AND seq = d.b`,
      [pairsValue(keys)],
    );
    return this.toMessages(rows, await this.directory.byPks(rows.map((row) => row.conversationPk)));
  }

  /**
   * The lowest seq sent at or after `time`, or maxSeq + 1. Times never fall along a log, so halving finds it in
   * log2(n) key look-ups without an index on time.
   */
  async firstSeqSince(conversation: Pick<ConversationRef, 'pk'>, time: Date): Promise<number> {
    const [head] = await this.sql.rows<{ minSeq: number; maxSeq: number }>(
      'SELECT minSeq, maxSeq FROM conversations WHERE id = ?',
      [conversation.pk],
    );
    let low = head?.minSeq ?? 1;
    let high = (head?.maxSeq ?? 0) + 1;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [row] = await this.sql.rows<{ sentAt: Date }>(
        'SELECT sentAt FROM messages WHERE conversationPk = ? AND seq = ?',
        [conversation.pk, middle],
      );
      if (row && row.sentAt >= time) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  private async toMessages(
    rows: MessageColumns[],
    conversations: ReadonlyMap<number, ConversationRef>,
  ): Promise<StoredMessage[]> {
    const names = await this.audiences.names.namesOf(
      [...new Set(rows.map((row) => row.senderPk))].filter((pk) => pk > 0),
    );
    return rows.flatMap((row) => {
      const conversation = conversations.get(row.conversationPk);
      if (!conversation) return [];
      return [readMessage(row, conversation, row.senderPk === 0 ? null : (names.get(row.senderPk) ?? null))];
    });
  }
}

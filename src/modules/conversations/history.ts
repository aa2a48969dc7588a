import { Injectable } from '@nestjs/common';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { PAIRS, pairsValue } from '../../platform/database/pairs';
import { Sql } from '../../platform/database/sql';
import { Audiences } from './audiences';
import type { ConversationRef } from './audience';
import { ConversationDirectory } from './directory';
import { readScope } from './message-scope';
import type { StoredMessage } from './message';

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

interface MessageColumns {
  conversationPk: number;
  seq: number;
  senderPk: number;
  clientMessageId: string;
  type: string;
  body: string;
  ext: string | null;
  recipients: string | null;
  mentions: string | null;
  push: string | null;
  sentAt: Date;
  revision: number;
  recalledAt: Date | null;
}

const COLUMNS =
  'conversationPk, seq, senderPk, clientMessageId, type, body, ext, recipients, mentions, push, sentAt, revision, recalledAt';

/** Reads the log. Who may read what is decided before: every call takes the window. */
@Injectable()
export class ConversationHistory {
  constructor(
    private readonly sql: Sql,
    private readonly audiences: Audiences,
    private readonly directory: ConversationDirectory,
  ) {}

  /** One page: a range of the clustered key, whatever the size of the table. Nothing before the log's own `minSeq`. */
  async page(conversation: ConversationRef, window: Window, bounds: PageBounds): Promise<StoredMessage[]> {
    const forward = bounds.after !== undefined;
    const from = Math.max(window.from, (bounds.after ?? 0) + 1);
    const to = Math.min(window.to ?? Number.MAX_SAFE_INTEGER, (bounds.before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (from > to) return [];
    const rows = await this.sql.rows<MessageColumns>(
      `SELECT ${COLUMNS} FROM messages WHERE conversationPk = ? AND seq BETWEEN ? AND ?
          AND seq >= (SELECT minSeq FROM conversations WHERE id = ?) ORDER BY seq ${forward ? 'ASC' : 'DESC'} LIMIT ?`,
      [conversation.pk, from, Math.min(to, SEQ_MAX), conversation.pk, bounds.limit],
    );
    return this.toMessages(rows, new Map([[conversation.pk, conversation]]));
  }

  /** These very messages, in no order; what does not exist is left out. */
  async exactly(keys: readonly (readonly [conversationPk: number, seq: number])[]): Promise<StoredMessage[]> {
    if (keys.length === 0) return [];
    const rows = await this.sql.rows<MessageColumns>(
      `SELECT ${COLUMNS} FROM ${PAIRS} STRAIGHT_JOIN messages ON conversationPk = d.a AND seq = d.b`,
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
      return [
        {
          conversation,
          seq: row.seq,
          id: conversation.idPrefix + row.seq.toString(36),
          senderPk: row.senderPk,
          from: row.senderPk === 0 ? null : (names.get(row.senderPk) ?? null),
          clientMessageId: row.clientMessageId,
          type: row.type,
          body: row.body,
          ext: row.ext,
          ...readScope(row),
          sentAt: row.sentAt.getTime(),
          revision: row.revision,
          recalledAt: row.recalledAt?.getTime() ?? null,
        },
      ];
    });
  }
}

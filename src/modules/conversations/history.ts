import { Injectable } from '@nestjs/common';
import { SEQ_MAX } from '../../kernel/contracts/message';
import { PAIRS, pairsValue } from '../../platform/database/pairs';
import { countWithin, rowsWithin } from '../../platform/database/sized-rows';
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

export type MessageKey = readonly [conversationPk: number, seq: number];

const AHEAD = 'seq < GREATEST(?, (SELECT minSeq FROM conversations WHERE id = ?)) + ? ORDER BY seq ASC';
const BEHIND = 'seq > CAST(LEAST(?, (SELECT maxSeq FROM conversations WHERE id = ?)) AS SIGNED) - ? ORDER BY seq DESC';
/** Should there ever be a hole of no more than this, a page goes on behind it. */
const HOLES_MAX = 16;
/** What a message weighs at most, nearly. */
const ROW_BYTES_MAX = 64 * 1024;
/** So many last messages are read without asking first how long they are. */
const UNMEASURED_ROWS = 32;
/** Read at once of what is to be shortened anyway. */
const PART_BYTES = 1024 * 1024;

/** What a row's texts weigh; the rest of it is small. */
const BYTES = 'LENGTH(body) + COALESCE(LENGTH(ext), 0)';

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
    return (await this.pageWithin(conversation, window, bounds)).messages;
  }

  /**
   * The same, of which no many more bytes are read than are given.
   *
   * @returns `cut`: whether there are more messages, left out for their size
   */
  async pageWithin(
    conversation: ConversationRef,
    window: Window,
    bounds: PageBounds,
    maxBytes = Infinity,
  ): Promise<{ messages: StoredMessage[]; cut: boolean }> {
    const forward = bounds.after !== undefined;
    const from = Math.max(window.from, (bounds.after ?? 0) + 1);
    const to = Math.min(window.to ?? Number.MAX_SAFE_INTEGER, (bounds.before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (from > to) return { messages: [], cut: false };
    const { pk } = conversation;
    const last = Math.min(to, SEQ_MAX);
    const reach = bounds.limit + HOLES_MAX;
    const range = `FROM messages WHERE conversationPk = ? AND seq BETWEEN ? AND ?
          AND seq >= (SELECT minSeq FROM conversations WHERE id = ?) AND ${forward ? AHEAD : BEHIND}`;
    const values = [pk, from, last, pk, forward ? from : last, pk, reach];
    const sized = { columns: MESSAGE_COLUMNS, range, values, bytes: BYTES };
    const rowBytesMax = maxBytes === Infinity ? 0 : ROW_BYTES_MAX;
    const { rows, cut } = await rowsWithin<MessageColumns>(this.sql, { ...sized, rowBytesMax }, bounds.limit, maxBytes);
    return { messages: await this.toMessages(rows, new Map([[conversation.pk, conversation]])), cut };
  }

  /**
   * These very messages in the order of their keys, a part at a time, so that a reader who has enough need not hold, nor
   * the database read, all of them.
   */
  async *inParts(
    keys: readonly MessageKey[],
  ): AsyncIterable<{ keys: readonly MessageKey[]; messages: StoredMessage[] }> {
    if (keys.length <= UNMEASURED_ROWS) return void (yield { keys, messages: await this.exactly(keys) });
    const rows = await this.sql.rows<{ conversationPk: number; bytes: number }>(
      `SELECT conversationPk, ${BYTES} AS bytes FROM ${PAIRS} STRAIGHT_JOIN messages ON conversationPk = d.a AND seq = d.b`,
      [pairsValue(keys)],
    );
    const bytesOf = new Map(rows.map(({ conversationPk, bytes }) => [conversationPk, bytes]));
    for (let at = 0; at < keys.length;) {
      const lengths = keys.slice(at).map(([conversationPk]) => bytesOf.get(conversationPk) ?? 0);
      const part = keys.slice(at, at + countWithin(PART_BYTES, lengths));
      yield { keys: part, messages: await this.exactly(part) };
      at += part.length;
    }
  }

  /** These very messages, in no order; what does not exist is left out. */
  async exactly(keys: readonly MessageKey[]): Promise<StoredMessage[]> {
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

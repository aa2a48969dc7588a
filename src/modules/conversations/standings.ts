import { Injectable } from '@nestjs/common';
import { NOTICE_TYPE } from '../../kernel/contracts/message';
import { PAIRS, pairsValue } from '../../platform/database/pairs';
import { Sql } from '../../platform/database/sql';
import type { StoredMessage } from './log/message';

/** Where a user stands in a conversation. */
export interface Standing {
  /** Everything up to here is read, or was cleared away unread. */
  readonly readSeq: number;
  /** Everything up to here is on one of its devices. */
  readonly deliveredSeq: number;
  readonly muted: boolean;
  /** It hears what is said from here on. */
  readonly hearSeq: number;
  readonly left: boolean;
}

/** The standing of many users at once, each in one conversation: what a decision about a message asks. */
@Injectable()
export class Standings {
  constructor(private readonly sql: Sql) {}

  /** In their order; undefined for who has no row: one who never was in, or has not so much as confirmed a notice. */
  async of(pairs: readonly (readonly [userPk: number, conversationPk: number])[]): Promise<(Standing | undefined)[]> {
    if (pairs.length === 0) return [];
    const rows = await this.sql.rows<{
      userPk: number;
      conversationPk: number;
      readSeq: number;
      clearSeq: number;
      deliveredSeq: number;
      muted: number;
      hearSeq: number;
      leaveSeq: number | null;
    }>(
      `SELECT userPk, conversationPk, readSeq, clearSeq, deliveredSeq, muted, hearSeq, leaveSeq
         FROM ${PAIRS} STRAIGHT_JOIN members ON userPk = d.a AND conversationPk = d.b`,
      [pairsValue(pairs)],
    );
    const known = new Map(
      rows.map((row) => {
        const readSeq = Math.max(row.readSeq, row.clearSeq);
        const standing = {
          readSeq,
          deliveredSeq: Math.max(row.deliveredSeq, readSeq),
          muted: row.muted === 1,
          hearSeq: row.hearSeq,
          left: row.leaveSeq !== null,
        };
        return [`${row.userPk}:${row.conversationPk}`, standing];
      }),
    );
    return pairs.map(([userPk, conversationPk]) => known.get(`${userPk}:${conversationPk}`));
  }

  /** Those of these messages that are nobody's unread. */
  async uncounted(messages: readonly StoredMessage[]): Promise<Set<StoredMessage>> {
    const uncounted = new Set(messages.filter(({ type }) => type === 'command'));
    // An app may send notices that count; what tells of a change in a group is known by its line of the log.
    const notices = messages.filter(
      ({ type, senderPk, conversation }) => type === NOTICE_TYPE && senderPk === 0 && conversation.kind === 'group',
    );
    if (notices.length === 0) return uncounted;
    const keyOf = (conversationPk: number, seq: number): string => `${conversationPk}:${seq}`;
    const rows = await this.sql.rows<{ conversationPk: number; seq: number }>(
      `SELECT conversationPk, seq FROM ${PAIRS} STRAIGHT_JOIN messages ON conversationPk = d.a AND seq = d.b
        WHERE lowCount = 0`,
      [pairsValue(notices.map(({ conversation, seq }) => [conversation.pk, seq]))],
    );
    const silent = new Set(rows.map(({ conversationPk, seq }) => keyOf(conversationPk, seq)));
    for (const notice of notices) {
      if (silent.has(keyOf(notice.conversation.pk, notice.seq))) uncounted.add(notice);
    }
    return uncounted;
  }
}

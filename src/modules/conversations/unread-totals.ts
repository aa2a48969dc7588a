import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import { Inbox, VISIBLE } from './inbox';
import { KIND_CODES } from './kinds';

interface Part {
  userPk: number;
  /** A group whose unread is counted by its lines; else 0. */
  groupPk: string;
  unread: string;
}

const OUTLIVED = '(GREATEST(m.readSeq + 1, m.joinSeq) < c.minSeq)';
/** As `countOfOthers` says, in SQL; what may fall below zero on its way is signed. */
const others = (count: string, low: string): string => `(CASE
    WHEN c.kind <> ${KIND_CODES.user} THEN CAST(${count} AS SIGNED) - m.ownCount
    WHEN c.lowPk = c.highPk THEN 0
    WHEN m.userPk = c.lowPk THEN CAST(${count} AS SIGNED) - CAST(${low} AS SIGNED)
    ELSE CAST(${low} AS SIGNED) END)`;
const READ = `(CASE WHEN ${OUTLIVED} THEN ${others('c.minCount', 'c.minLowCount')} ELSE CAST(m.readCount AS SIGNED) END)`;
const UNREAD = `GREATEST(0, ${others('c.countSeq', 'c.lowCount')} - ${READ})`;
/** How many own messages of a group were forgotten is known from its lines only: such a conversation, else 0. */
const FORGOTTEN_GROUP = `(CASE WHEN c.kind = ${KIND_CODES.group} AND ${OUTLIVED} THEN m.conversationPk ELSE 0 END)`;

/** What a user has not read. */
export interface UnreadSummary {
  /** Messages in conversations that are not muted. */
  unread: number;
  /** Messages in muted ones. */
  mutedUnread: number;
  /** Conversations with any. */
  conversations: number;
}

/** What the badge of an app's icon says: the sum of what the conversation list shows, muted ones included. */
@Injectable()
export class UnreadTotals {
  constructor(
    private readonly sql: Sql,
    private readonly inbox: Inbox,
  ) {}

  /** For each of these users; one statement, and one more for each group that a member has not read for too long. */
  async of(userPks: readonly number[]): Promise<Map<number, number>> {
    const totals = new Map(userPks.map((userPk) => [userPk, 0]));
    if (userPks.length === 0) return totals;
    const add = (userPk: number, unread: number): void => void totals.set(userPk, (totals.get(userPk) ?? 0) + unread);

    const parts = await this.sql.rows<Part>(
      `SELECT m.userPk, ${FORGOTTEN_GROUP} AS groupPk, SUM(${UNREAD}) AS unread
         FROM members m JOIN conversations c ON c.id = m.conversationPk WHERE m.userPk IN (?) AND ${VISIBLE}
        GROUP BY m.userPk, groupPk HAVING unread > 0 OR groupPk > 0`,
      [[...userPks]],
    );
    await Promise.all(
      parts.map(async ({ userPk, groupPk, unread }) => {
        if (Number(groupPk) > 0) add(userPk, (await this.inbox.entry(userPk, Number(groupPk)))?.unread ?? 0);
        else add(userPk, Number(unread));
      }),
    );
    return totals;
  }

  /** The sum of what one user's conversation list shows, muted conversations apart. */
  async summary(userPk: number): Promise<UnreadSummary> {
    const summary = { unread: 0, mutedUnread: 0, conversations: 0 };
    const add = (muted: boolean, unread: number, conversations: number): void => {
      summary[muted ? 'mutedUnread' : 'unread'] += unread;
      summary.conversations += conversations;
    };
    const parts = await this.sql.rows<Part & { muted: number; conversations: string }>(
      `SELECT m.muted, ${FORGOTTEN_GROUP} AS groupPk, SUM(${UNREAD}) AS unread,
              SUM(${UNREAD} > 0) AS conversations
         FROM members m JOIN conversations c ON c.id = m.conversationPk WHERE m.userPk = ? AND ${VISIBLE}
        GROUP BY m.muted, groupPk HAVING unread > 0 OR groupPk > 0`,
      [userPk],
    );
    for (const { muted, groupPk, unread, conversations } of parts) {
      if (Number(groupPk) > 0) {
        const counted = (await this.inbox.entry(userPk, Number(groupPk)))?.unread ?? 0;
        add(muted === 1, counted, counted > 0 ? 1 : 0);
      } else add(muted === 1, Number(unread), Number(conversations));
    }
    return summary;
  }
}

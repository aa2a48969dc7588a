import { Injectable } from '@nestjs/common';
import { Sql } from '../../platform/database/sql';
import { Audiences } from './audiences';
import { Inbox, VISIBLE } from './inbox';
import { KIND_CODES } from './kinds';

interface Part {
  userPk: number;
  /** The other side of a one-to-one conversation; 0 for all other conversations together. Computed, so a DECIMAL. */
  peerPk: string;
  unread: string;
}

const OUTLIVED = '(m.readSeq + 1 < c.minSeq)';
/** As `countOfOthers` says, in SQL; what may fall below zero on its way is signed. */
const others = (count: string, low: string): string => `(CASE
    WHEN c.kind <> ${KIND_CODES.user} THEN CAST(${count} AS SIGNED) - m.ownCount
    WHEN c.lowPk = c.highPk THEN 0
    WHEN m.userPk = c.lowPk THEN CAST(${count} AS SIGNED) - CAST(${low} AS SIGNED)
    ELSE CAST(${low} AS SIGNED) END)`;
const READ = `(CASE WHEN ${OUTLIVED} THEN ${others('c.minCount', 'c.minLowCount')} ELSE CAST(m.readCount AS SIGNED) END)`;
const UNREAD = `GREATEST(0, ${others('c.countSeq', 'c.lowCount')} - ${READ})`;
const PEER = `(CASE WHEN c.kind <> ${KIND_CODES.user} THEN 0 WHEN m.userPk = c.lowPk THEN c.highPk ELSE c.lowPk END)`;
/** How many own messages of a group were forgotten is known from its lines only. */
const FORGOTTEN_IN_GROUP = `(c.kind = ${KIND_CODES.group} AND ${OUTLIVED})`;

/** What the badge of an app's icon says: the sum of what the conversation list shows, muted ones included. */
@Injectable()
export class UnreadTotals {
  constructor(
    private readonly sql: Sql,
    private readonly inbox: Inbox,
    private readonly audiences: Audiences,
  ) {}

  /** For each of these users; two statements, and one more for each group that a member has not read for too long. */
  async of(userPks: readonly number[]): Promise<Map<number, number>> {
    const totals = new Map(userPks.map((userPk) => [userPk, 0]));
    if (userPks.length === 0) return totals;
    const add = (userPk: number, unread: number): void => void totals.set(userPk, (totals.get(userPk) ?? 0) + unread);

    const from = `FROM members m JOIN conversations c ON c.id = m.conversationPk WHERE m.userPk IN (?) AND ${VISIBLE}`;
    const parts = await this.sql.rows<Part>(
      `SELECT m.userPk, ${PEER} AS peerPk, SUM(${UNREAD}) AS unread ${from} AND NOT ${FORGOTTEN_IN_GROUP}
        GROUP BY m.userPk, peerPk HAVING SUM(${UNREAD}) > 0`,
      [[...userPks]],
    );
    const superseded = await this.audiences.names.superseded(parts.flatMap(({ peerPk }) => Number(peerPk) || []));
    for (const { userPk, peerPk, unread } of parts) if (!superseded.has(Number(peerPk))) add(userPk, Number(unread));

    const rest = await this.sql.rows<{ userPk: number; conversationPk: number }>(
      `SELECT m.userPk, m.conversationPk ${from} AND ${FORGOTTEN_IN_GROUP}`,
      [[...userPks]],
    );
    const entries = await Promise.all(rest.map((row) => this.inbox.entry(row.userPk, row.conversationPk)));
    rest.forEach(({ userPk }, index) => add(userPk, entries[index]?.unread ?? 0));
    return totals;
  }
}

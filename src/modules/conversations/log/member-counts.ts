import type { SqlTransaction, SqlValue } from '../../../platform/database/sql';
import type { Draft } from './draft';
import { sqlTime, type StoredMessage } from './message';

/** Rows of one derived table: some servers refuse very long unions. */
const ROWS_AT_ONCE = 200;

/** What a batch adds to one member of a group. */
interface Addition {
  readonly userPk: number;
  readonly conversationPk: number;
  /** To `ownCount`. */
  own: number;
  /** The last message directed to or by this member. */
  directed?: StoredMessage;
}

/**
 * What messages to groups add to their members: one number in the sender's row (docs/adr/0006); in the rows of those
 * who see a directed message one number and its place (docs/adr/0011).
 *
 * @param messages of the drafts, in their order
 */
export function writeMemberCounts(
  tx: SqlTransaction,
  drafts: readonly Draft[],
  messages: readonly StoredMessage[],
): void {
  const additions = new Map<string, Addition>();
  let anyDirected = false;
  const of = (userPk: number, conversationPk: number): Addition => {
    const key = `${conversationPk}:${userPk}`;
    let addition = additions.get(key);
    if (!addition) additions.set(key, (addition = { userPk, conversationPk, own: 0 }));
    return addition;
  };
  drafts.forEach(({ conversation, sender, counts, recipients }, index) => {
    if (conversation.kind !== 'group') return;
    if (!recipients) {
      if (counts && sender) of(sender.userPk, conversation.pk).own += 1;
      return;
    }
    anyDirected = true;
    if (sender) of(sender.userPk, conversation.pk).directed = messages[index];
    for (const userPk of recipients.keys()) {
      const addition = of(userPk, conversation.pk);
      addition.directed = messages[index];
      if (counts && userPk !== sender?.userPk) addition.own -= 1;
    }
  });
  // In the order of the key: batches of other nodes touch other conversations, marks touch rows in this order as well.
  const rows = [...additions.values()].sort((a, b) => a.userPk - b.userPk || a.conversationPk - b.conversationPk);
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
    const some = rows.slice(at, at + ROWS_AT_ONCE);
    if (anyDirected) update(tx, some.map(withPlace), ' AS n, ? AS seq, ? AS at', `${ADD_OWN}, ${SET_PLACE}`);
    else update(tx, some.map(withoutPlace), ' AS n', ADD_OWN);
  }
}

const ADD_OWN = 'm.ownCount = m.ownCount + d.n';
const SET_PLACE = 'm.directedSeq = GREATEST(m.directedSeq, d.seq), m.directedAt = COALESCE(d.at, m.directedAt)';

const withoutPlace = ({ userPk, conversationPk, own }: Addition): SqlValue[] => [userPk, conversationPk, own];
const withPlace = ({ userPk, conversationPk, own, directed }: Addition): SqlValue[] => [
  userPk,
  conversationPk,
  own,
  directed?.seq ?? 0,
  directed ? sqlTime(directed.sentAt) : null,
];

function update(tx: SqlTransaction, rows: readonly SqlValue[][], columns: string, change: string): void {
  const table = rows.map(() => `SELECT ? AS userPk, ? AS conversationPk, ?${columns}`).join(' UNION ALL ');
  tx.later(
    `UPDATE members m JOIN (${table}) d ON d.userPk = m.userPk AND d.conversationPk = m.conversationPk SET ${change}`,
    rows.flat(),
  );
}

import type { SqlExecutor } from '../../platform/database/sql';
import { readRecipients } from './log/message-row';

/**
 * By how much a group member's `ownCount` rose after `seq`: its own countable messages, less those directed to it. With
 * the member's row locked no message of its own is under way.
 */
export async function ownCountAfter(
  sql: SqlExecutor,
  conversationPk: number,
  userPk: number,
  seq: number,
): Promise<number> {
  const after = await sql.rows<{ senderPk: number; recipients: string | null }>(
    `SELECT senderPk, recipients FROM messages
      WHERE conversationPk = ? AND seq > ? AND lowCount = 1 AND (senderPk = ? OR recipients IS NOT NULL)`,
    [conversationPk, seq, userPk],
  );
  let rose = 0;
  for (const { senderPk, recipients } of after) {
    if (recipients === null) rose++;
    else if (senderPk !== userPk && readRecipients(recipients).has(userPk)) rose--;
  }
  return rose;
}

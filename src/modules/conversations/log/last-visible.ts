import type { SqlTransaction } from '../../../platform/database/sql';
import { sqlTime, type StoredMessage } from './message';

/** A log's head, as it was before these messages. */
interface HeadBefore {
  readonly id: number;
  readonly maxSeq: number;
  /** Milliseconds; 0 for an empty log. */
  readonly lastMs: number;
}

/**
 * For logs that end in directed messages now, stores the last message that everybody sees, so that in the list of those whom
 * they are not for neither they nor their time show (docs/adr/0011). Travels with the statements that move the heads, after them.
 *
 * @param before the heads as they were; only those of logs that moved
 * @param messages that were stored, in order
 */
export function writeLastVisible(
  tx: SqlTransaction,
  before: Iterable<HeadBefore>,
  messages: readonly StoredMessage[],
): void {
  const lastVisible = new Map<number, StoredMessage>();
  const last = new Map<number, StoredMessage>();
  for (const message of messages) {
    last.set(message.conversation.pk, message);
    if (!message.recipients) lastVisible.set(message.conversation.pk, message);
  }
  for (const head of before) {
    const newest = last.get(head.id);
    if (!newest?.recipients) continue;
    const visible = lastVisible.get(head.id);
    if (visible) {
      tx.later('UPDATE conversations SET lastVisibleSeq = ?, lastVisibleAt = ?, directedHeadSeq = ? WHERE id = ?', [
        visible.seq,
        sqlTime(visible.sentAt),
        newest.seq,
        head.id,
      ]);
    } else {
      // From left to right: what was stored before still holds if the log ended there.
      tx.later(
        `UPDATE conversations SET lastVisibleSeq = IF(directedHeadSeq = ?, lastVisibleSeq, ?), lastVisibleAt = IF(directedHeadSeq = ?, lastVisibleAt, ?),
            directedHeadSeq = ? WHERE id = ?`,
        [head.maxSeq, head.maxSeq, head.maxSeq, head.lastMs ? sqlTime(head.lastMs) : null, newest.seq, head.id],
      );
    }
  }
}

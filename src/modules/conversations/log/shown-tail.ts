import type { SqlTransaction } from '../../../platform/database/sql';
import { sqlTime, type StoredMessage } from './message';

/** Where a log ended. */
interface LogEnd {
  readonly id: number;
  readonly maxSeq: number;
  /** Milliseconds; 0 for an empty log. */
  readonly lastMs: number;
}

/**
 * Where logs now end in directed messages, notes what everybody sees last, so that the list of those whom they are not
 * for knows neither them nor their time (docs/adr/0011). Travels with the statements that move the heads, after them.
 *
 * @param before the heads as they were; only those of logs that moved
 * @param messages that were stored, in order
 */
export function writeShownTails(
  tx: SqlTransaction,
  before: Iterable<LogEnd>,
  messages: readonly StoredMessage[],
): void {
  const shown = new Map<number, StoredMessage>();
  const last = new Map<number, StoredMessage>();
  for (const message of messages) {
    last.set(message.conversation.pk, message);
    if (!message.recipients) shown.set(message.conversation.pk, message);
  }
  for (const head of before) {
    const tail = last.get(head.id);
    if (!tail?.recipients) continue;
    const visible = shown.get(head.id);
    if (visible) {
      tx.later('UPDATE conversations SET shownSeq = ?, shownAt = ?, directedTail = ? WHERE id = ?', [
        visible.seq,
        sqlTime(visible.sentAt),
        tail.seq,
        head.id,
      ]);
    } else {
      // From left to right: what was noted before still stands if the log ended there.
      tx.later(
        `UPDATE conversations SET shownSeq = IF(directedTail = ?, shownSeq, ?), shownAt = IF(directedTail = ?, shownAt, ?),
            directedTail = ? WHERE id = ?`,
        [head.maxSeq, head.maxSeq, head.maxSeq, head.lastMs ? sqlTime(head.lastMs) : null, tail.seq, head.id],
      );
    }
  }
}

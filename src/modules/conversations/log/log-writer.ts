import { Injectable } from '@nestjs/common';
import { NodeIdentity } from '../../../platform/config/node-identity';
import { RowsText } from '../../../platform/database/rows-text';
import type { SqlExecutor, SqlTransaction } from '../../../platform/database/sql';
import { Outbox, type Owed } from '../../../platform/queues/outbox';
import type { ConversationRef } from '../audience';
import type { Draft } from './draft';
import { sqlTime, type StoredMessage } from './message';
import { writeMemberCounts } from './member-counts';
import { insertion, messageId, newMessage, type RowValues, writeMessage } from './message-row';
import { writeLastVisible } from './last-visible';

/** The outbox payload of a group commit. */
export interface OwedMessages {
  /** The node that stored them and delivers them at once; the relay is for when it dies before it could. */
  node: string;
  /** [conversationPk, seq] */
  messages: [number, number][];
}

const OWED_AFTER_MS = 3000;

/** The head of a conversation's log while its row is locked. */
export interface Head {
  id: number;
  maxSeq: number;
  countSeq: number;
  lowCount: number;
  memberVersion: number;
  /** Milliseconds. */
  lastMs: number;
  nowMs: number;
}

/** A head that has moved, and where it was. */
interface Move {
  readonly head: Head;
  readonly before: Readonly<Head>;
}

/** The heads that move by the same number of messages, and of messages that count, to the same time. */
interface Step {
  seqs: number;
  counted: number;
  lastMs: number;
  pks: number[];
  /** Those whose low side sent one of them or more; then those with two or more; and so on. */
  lowPks: number[][];
}

/** What was written: in the order of the drafts. */
export interface Written {
  messages: StoredMessage[];
  /** Absent where nothing is owed. */
  owed?: Owed;
}

type HeadRow = Omit<Head, 'lastMs' | 'nowMs'> & { lastAt: Date | null; now: Date };

/** Writes under the lock of the conversations' rows: heads, messages, what one's own add to one's count, the outbox. */
@Injectable()
export class LogWriter {
  constructor(
    private readonly outbox: Outbox,
    private readonly node: NodeIdentity,
  ) {}

  /**
   * Locks the conversations of these drafts in ascending order. What does not exist is left out, and so is, unless `wait`,
   * what somebody else holds at this moment.
   */
  async lock(
    tx: SqlExecutor,
    drafts: readonly { readonly conversation: ConversationRef }[],
    wait = true,
  ): Promise<Map<number, Head>> {
    const pks = [...new Set(drafts.map(({ conversation }) => conversation.pk))].sort((a, b) => a - b);
    const rows = await tx.rows<HeadRow>(wait ? LOCK_HEADS : `${LOCK_HEADS} SKIP LOCKED`, [pks]);
    return new Map(
      rows.map(({ id, maxSeq, countSeq, lowCount, memberVersion, lastAt, now }) => {
        const head = {
          id,
          maxSeq,
          countSeq,
          lowCount,
          memberVersion,
          lastMs: lastAt?.getTime() ?? 0,
          nowMs: now.getTime(),
        };
        return [id, head];
      }),
    );
  }

  /** Numbers and stores at least one draft, and owes their delivery. The heads move on. Travels with the COMMIT. */
  write(tx: SqlTransaction, heads: ReadonlyMap<number, Head>, drafts: readonly Draft[]): Written {
    const messages: StoredMessage[] = [];
    const moves = new Map<number, Move>();
    const rows = drafts.map((draft) => {
      const head = heads.get(draft.conversation.pk);
      if (!head) throw new Error(`conversation ${draft.conversation.pk} is gone`);
      if (!moves.has(head.id)) moves.set(head.id, { head, before: { ...head } });
      const message = number(draft, head);
      messages.push(message);
      // In a group the second counter says whether this very message counts.
      const lowCount = draft.conversation.kind === 'group' ? (draft.counts ? 1 : 0) : head.lowCount;
      return writeMessage(message, draft.app.pk, { countSeq: head.countSeq, lowCount });
    });
    this.writeHeads(tx, moves.values());
    this.writeRows(tx, rows);
    writeMemberCounts(tx, drafts, messages);
    if (drafts.some(({ recipients }) => recipients)) {
      writeLastVisible(
        tx,
        [...moves.values()].map(({ before }) => before),
        messages,
      );
    }
    return { messages, owed: this.owe(tx, messages) };
  }

  /** Nobody is owed a room's messages: who is in asks for what it missed, and who is not never hears of them. */
  private owe(tx: SqlTransaction, messages: readonly StoredMessage[]): Owed | undefined {
    const owed = messages.filter(({ conversation }) => conversation.kind !== 'chatroom');
    if (owed.length === 0) return undefined;
    const payload: OwedMessages = {
      node: this.node.id,
      messages: owed.map(({ conversation, seq }) => [conversation.pk, seq]),
    };
    return this.outbox.write(tx, 'messages', payload, OWED_AFTER_MS);
  }

  private writeRows(tx: SqlTransaction, rows: readonly RowValues[]): void {
    const { columns, values } = insertion(rows);
    tx.later(`INSERT INTO messages (${columns}) VALUES ?`, [new RowsText(values)]);
  }

  /** Heads that move by the same steps share a statement: most have one message more, and one that counts. */
  private writeHeads(tx: SqlTransaction, moves: Iterable<Move>): void {
    const alike = new Map<string, Step>();
    for (const { head, before } of moves) {
      const seqs = head.maxSeq - before.maxSeq;
      const counted = head.countSeq - before.countSeq;
      const key = `${seqs}:${counted}:${head.lastMs}`;
      let step = alike.get(key);
      if (!step) alike.set(key, (step = { seqs, counted, lastMs: head.lastMs, pks: [], lowPks: [] }));
      step.pks.push(head.id);
      for (let low = 0; low < head.lowCount - before.lowCount; low++) (step.lowPks[low] ??= []).push(head.id);
    }
    for (const { seqs, counted, lastMs, pks, lowPks } of alike.values()) {
      const low = lowPks.length > 0 ? `, lowCount = lowCount${' + (id IN (?))'.repeat(lowPks.length)}` : '';
      tx.later(
        `UPDATE conversations SET maxSeq = maxSeq + ?, countSeq = countSeq + ?, lastAt = ?${low} WHERE id IN (?)`,
        [seqs, counted, sqlTime(lastMs), ...lowPks, pks],
      );
    }
  }
}

/** The next seq of the conversation, and the time: the database's, never earlier than the message before. */
function number(draft: Draft, head: Head): StoredMessage {
  const { conversation, sender } = draft;
  head.maxSeq++;
  head.lastMs = Math.max(head.nowMs, head.lastMs);
  // A directed message counts for its recipients alone, in their own rows.
  if (draft.counts && !draft.recipients) {
    head.countSeq++;
    if (conversation.kind === 'user' && sender?.userPk === conversation.lowPk) head.lowCount++;
  }
  return newMessage(draft, head.maxSeq, messageId(conversation, head.maxSeq), head.lastMs);
}

/** Times as they are: converting them would cost the database as much as finding the rows. */
const LOCK_HEADS = `SELECT id, maxSeq, countSeq, lowCount, memberVersion, lastAt, NOW(3) AS now
  FROM conversations WHERE id IN (?) ORDER BY id FOR UPDATE`;

import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import { NodeIdentity } from '../../platform/config/node-identity';
import type { Outcome } from '../../platform/database/group-commit';
import type { SqlExecutor, SqlValue } from '../../platform/database/sql';
import { Outbox } from '../../platform/queues/outbox';
import { Audiences } from './audiences';
import { KIND_CODES } from './kinds';
import type { Appended, FingerprintedDraft } from './draft';
import { sqlTime, type StoredMessage } from './message';

/** The outbox payload of a group commit. */
export interface OwedMessages {
  /** The node that stored them and delivers them at once; the relay is for when it dies before it could. */
  node: string;
  /** [conversationPk, seq] */
  messages: [number, number][];
}

const OWED_AFTER_MS = 3000;

/** The head of a conversation's log while its row is locked. */
interface Head {
  id: number;
  maxSeq: number;
  countSeq: number;
  lowCount: number;
  /** Milliseconds. */
  lastMs: number;
  nowMs: number;
  changed: boolean;
}

interface StoredRow {
  conversationPk: number;
  seq: number;
  appPk: number;
  senderPk: number;
  clientMessageId: string;
  fingerprint: Buffer;
  type: string;
  body: string;
  ext: string | null;
  sentMs: number;
  revision: number;
  recalledMs: number | null;
}

/**
 * One group commit: lock the conversations in ascending order, (dedup,) admit, number, insert, and owe the delivery.
 * A message that is refused gets its own error and the rest commit.
 */
@Injectable()
export class LogBatch {
  constructor(
    private readonly audiences: Audiences,
    private readonly outbox: Outbox,
    private readonly node: NodeIdentity,
  ) {}

  async store(
    tx: SqlExecutor,
    batch: readonly FingerprintedDraft[],
    mayBeStored: boolean,
  ): Promise<Outcome<Appended>[]> {
    const heads = await this.lockHeads(tx, batch);
    const outcomes = new Array<Outcome<Appended> | undefined>(batch.length);
    const firstOf = mayBeStored ? await this.answerRepeats(tx, batch, outcomes) : undefined;
    await this.admit(tx, batch, outcomes);

    const rows: SqlValue[][] = [];
    const stored: { index: number; message: StoredMessage }[] = [];
    batch.forEach((draft, index) => {
      if (outcomes[index] || (firstOf && firstOf.get(identity(draft)) !== index)) return;
      const head = heads.get(draft.conversation.pk);
      if (!head) throw new Error(`conversation ${draft.conversation.pk} is gone`);
      const message = number(draft, head);
      rows.push(toRow(draft, head, message));
      stored.push({ index, message });
    });

    if (stored.length > 0) {
      await this.writeHeads(tx, batch, heads);
      await tx.run(INSERT_MESSAGES, [rows]);
      const owed: OwedMessages = {
        node: this.node.id,
        messages: stored.map(({ message }) => [message.conversation.pk, message.seq]),
      };
      const outboxId = await this.outbox.write(tx, 'messages', owed, OWED_AFTER_MS);
      for (const { index, message } of stored) outcomes[index] = { ok: { message, duplicate: false, outboxId } };
    }
    // Repeats inside one batch: the first was stored above, the others are told so.
    return batch.map((draft, index) => outcomes[index] ?? this.repeatOf(draft, batch, outcomes, firstOf));
  }

  private async lockHeads(tx: SqlExecutor, batch: readonly FingerprintedDraft[]): Promise<Map<number, Head>> {
    const pks = [...new Set(batch.map(({ conversation }) => conversation.pk))].sort((a, b) => a - b);
    const rows = await tx.rows<Head>(LOCK_HEADS, [pks]);
    return new Map(
      rows.map((head) => [
        head.id,
        { ...head, lastMs: Number(head.lastMs), nowMs: Number(head.nowMs), changed: false },
      ]),
    );
  }

  private async admit(
    tx: SqlExecutor,
    batch: readonly FingerprintedDraft[],
    outcomes: (Outcome<Appended> | undefined)[],
  ): Promise<void> {
    const byKind = new Map<ConversationKind, number[]>();
    batch.forEach(({ conversation }, index) => {
      if (outcomes[index]) return;
      const indexes = byKind.get(conversation.kind);
      if (indexes) indexes.push(index);
      else byKind.set(conversation.kind, [index]);
    });
    for (const [kind, indexes] of byKind) {
      const audience = this.audiences.of(kind);
      if (!audience) throw new Error(`no audience for conversations of kind "${kind}"`);
      const refusals = await audience.admit(
        tx,
        indexes.map((index) => batch[index]),
      );
      indexes.forEach((index, position) => {
        const error = refusals[position];
        if (error) outcomes[index] = { error };
      });
    }
  }

  /** Answers what is stored already; gives, for each id of the batch, the index of its first draft. */
  private async answerRepeats(
    tx: SqlExecutor,
    batch: readonly FingerprintedDraft[],
    outcomes: (Outcome<Appended> | undefined)[],
  ): Promise<Map<string, number>> {
    const firstOf = new Map<string, number>();
    batch.forEach((draft, index) => {
      const key = identity(draft);
      if (!firstOf.has(key)) firstOf.set(key, index);
    });
    const keys = [...firstOf.values()].map((index) => {
      const { app, sender, clientMessageId } = batch[index];
      return [app.pk, sender?.userPk ?? 0, clientMessageId];
    });
    const rows = await tx.rows<StoredRow>(FIND_BY_CLIENT_ID, [keys]);
    const known = new Map(rows.map((row) => [`${row.appPk}:${row.senderPk}:${row.clientMessageId}`, row]));
    batch.forEach((draft, index) => {
      const row = known.get(identity(draft));
      if (row) outcomes[index] = repeated(draft, row.fingerprint, () => fromRow(draft, row));
    });
    return firstOf;
  }

  private repeatOf(
    draft: FingerprintedDraft,
    batch: readonly FingerprintedDraft[],
    outcomes: (Outcome<Appended> | undefined)[],
    firstOf: Map<string, number> | undefined,
  ): Outcome<Appended> {
    const firstIndex = firstOf?.get(identity(draft));
    const first = firstIndex === undefined ? undefined : batch[firstIndex];
    const outcome = firstIndex === undefined ? undefined : outcomes[firstIndex];
    if (!first || !outcome) throw new Error('a draft of the batch was neither stored nor refused');
    return 'error' in outcome ? outcome : repeated(draft, first.fingerprint, () => outcome.ok.message);
  }

  private async writeHeads(
    tx: SqlExecutor,
    batch: readonly FingerprintedDraft[],
    heads: Map<number, Head>,
  ): Promise<void> {
    const rows: SqlValue[][] = [];
    const seen = new Set<number>();
    for (const { conversation } of batch) {
      const head = heads.get(conversation.pk);
      if (!head?.changed || seen.has(conversation.pk)) continue;
      seen.add(conversation.pk);
      const { pk, appPk, kind, lowPk, highPk } = conversation;
      rows.push([
        pk,
        appPk,
        KIND_CODES[kind],
        lowPk,
        highPk,
        head.maxSeq,
        head.countSeq,
        head.lowCount,
        sqlTime(head.lastMs),
      ]);
    }
    await tx.run(WRITE_HEADS, [rows]);
  }
}

const identity = ({ app, sender, clientMessageId }: FingerprintedDraft): string =>
  `${app.pk}:${sender?.userPk ?? 0}:${clientMessageId}`;

function repeated(draft: FingerprintedDraft, stored: Buffer, message: () => StoredMessage): Outcome<Appended> {
  if (!stored.equals(draft.fingerprint))
    return { error: new AppError('IDEMPOTENCY_MISMATCH', { field: 'clientMessageId' }) };
  return { ok: { message: message(), duplicate: true } };
}

/** The next seq of the conversation, and the time: the database's, never earlier than the message before. */
function number(draft: FingerprintedDraft, head: Head): StoredMessage {
  const { conversation, sender } = draft;
  head.changed = true;
  head.maxSeq++;
  head.lastMs = Math.max(head.nowMs, head.lastMs);
  if (draft.counts) {
    head.countSeq++;
    if (conversation.kind === 'user' && sender?.userPk === conversation.lowPk) head.lowCount++;
  }
  return {
    conversation,
    seq: head.maxSeq,
    id: conversation.idPrefix + head.maxSeq.toString(36),
    senderPk: sender?.userPk ?? 0,
    from: sender?.userId ?? null,
    clientMessageId: draft.clientMessageId,
    type: draft.type,
    body: draft.body,
    ext: draft.ext,
    sentAt: head.lastMs,
    revision: 0,
    recalledAt: null,
  };
}

const toRow = (draft: FingerprintedDraft, head: Head, message: StoredMessage): SqlValue[] => [
  draft.conversation.pk,
  message.seq,
  draft.app.pk,
  message.senderPk,
  draft.clientMessageId,
  draft.fingerprint,
  draft.type,
  draft.body,
  draft.ext,
  head.countSeq,
  head.lowCount,
  sqlTime(message.sentAt),
];

function fromRow(draft: FingerprintedDraft, row: StoredRow): StoredMessage {
  return {
    conversation: draft.conversation,
    seq: row.seq,
    id: draft.conversation.idPrefix + row.seq.toString(36),
    senderPk: row.senderPk,
    from: draft.sender?.userId ?? null,
    clientMessageId: row.clientMessageId,
    type: row.type,
    body: row.body,
    ext: row.ext,
    sentAt: Number(row.sentMs),
    revision: row.revision,
    recalledAt: row.recalledMs === null ? null : Number(row.recalledMs),
  };
}

const LOCK_HEADS = `SELECT id, maxSeq, countSeq, lowCount,
    ROUND(COALESCE(UNIX_TIMESTAMP(lastAt), 0) * 1000) AS lastMs, ROUND(UNIX_TIMESTAMP(NOW(3)) * 1000) AS nowMs
  FROM conversations WHERE id IN (?) ORDER BY id FOR UPDATE`;

const FIND_BY_CLIENT_ID = `SELECT conversationPk, seq, appPk, senderPk, clientMessageId, fingerprint, type, body, ext,
    ROUND(UNIX_TIMESTAMP(sentAt) * 1000) AS sentMs, revision, ROUND(UNIX_TIMESTAMP(recalledAt) * 1000) AS recalledMs
  FROM messages WHERE (appPk, senderPk, clientMessageId) IN (?)`;

const WRITE_HEADS = `INSERT INTO conversations (id, appPk, kind, lowPk, highPk, maxSeq, countSeq, lowCount, lastAt) VALUES ?
  ON DUPLICATE KEY UPDATE maxSeq = VALUES(maxSeq), countSeq = VALUES(countSeq), lowCount = VALUES(lowCount), lastAt = VALUES(lastAt)`;

const INSERT_MESSAGES = `INSERT INTO messages (conversationPk, seq, appPk, senderPk, clientMessageId, fingerprint, type, body, ext,
    countSeq, lowCount, sentAt) VALUES ?`;

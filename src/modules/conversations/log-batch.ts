import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import type { Outcome } from '../../platform/database/group-commit';
import type { SqlExecutor } from '../../platform/database/sql';
import { Audiences } from './audiences';
import type { Appended, FingerprintedDraft } from './draft';
import { fromRow, type Head, LogWriter, type StoredRow } from './log-writer';
import type { StoredMessage } from './message';

/**
 * One group commit: lock the conversations in ascending order, (dedup,) admit, number, insert, and owe the delivery.
 * A message that is refused gets its own error and the rest commit.
 */
@Injectable()
export class LogBatch {
  constructor(
    private readonly audiences: Audiences,
    private readonly writer: LogWriter,
  ) {}

  /**
   * @param wait for conversations that somebody else holds; else their messages are left undecided
   * @returns what became of each message, in order; undefined for the undecided
   */
  async store(
    tx: SqlExecutor,
    batch: readonly FingerprintedDraft[],
    mayBeStored: boolean,
    wait: boolean,
  ): Promise<(Outcome<Appended> | undefined)[]> {
    const conversationPks = batch.map(({ conversation }) => conversation.pk);
    const heads = await this.writer.lock(tx, conversationPks, wait);
    const held = batch.filter(({ conversation }) => heads.has(conversation.pk));
    if (held.length === 0) return batch.map(() => undefined);
    const outcomes = await this.storeUnder(tx, heads, held, mayBeStored);
    let next = 0;
    return batch.map(({ conversation }) => (heads.has(conversation.pk) ? outcomes[next++] : undefined));
  }

  private async storeUnder(
    tx: SqlExecutor,
    heads: ReadonlyMap<number, Head>,
    batch: readonly FingerprintedDraft[],
    mayBeStored: boolean,
  ): Promise<Outcome<Appended>[]> {
    const outcomes = new Array<Outcome<Appended> | undefined>(batch.length);
    const firstOf = mayBeStored ? await this.answerRepeats(tx, batch, outcomes) : undefined;
    await this.admit(tx, batch, outcomes);

    const fresh = batch.flatMap((draft, index) =>
      outcomes[index] || (firstOf && firstOf.get(identity(draft)) !== index) ? [] : [index],
    );
    if (fresh.length > 0) {
      const { messages, outboxId } = await this.writer.write(
        tx,
        heads,
        fresh.map((index) => batch[index]),
      );
      fresh.forEach((index, position) => {
        const message = messages[position];
        const memberVersion = heads.get(message.conversation.pk)?.memberVersion;
        outcomes[index] = { ok: { message, duplicate: false, outboxId, memberVersion } };
      });
    }
    // Repeats inside one batch: the first was stored above, the others are told so.
    return batch.map((draft, index) => outcomes[index] ?? this.repeatOf(draft, batch, outcomes, firstOf));
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
}

const identity = ({ app, sender, clientMessageId }: FingerprintedDraft): string =>
  `${app.pk}:${sender?.userPk ?? 0}:${clientMessageId}`;

function repeated(draft: FingerprintedDraft, stored: Buffer, message: () => StoredMessage): Outcome<Appended> {
  if (!stored.equals(draft.fingerprint))
    return { error: new AppError('IDEMPOTENCY_MISMATCH', { field: 'clientMessageId' }) };
  return { ok: { message: message(), duplicate: true } };
}

const FIND_BY_CLIENT_ID = `SELECT conversationPk, seq, appPk, senderPk, clientMessageId, fingerprint, type, body, ext, recipients, mentions, push,
    ROUND(UNIX_TIMESTAMP(sentAt) * 1000) AS sentMs, revision, ROUND(UNIX_TIMESTAMP(recalledAt) * 1000) AS recalledMs
  FROM messages WHERE (appPk, senderPk, clientMessageId) IN (?)`;

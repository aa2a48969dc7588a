import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../../kernel/contracts/conversation';
import type { AppError } from '../../../kernel/errors/app-error';
import type { Outcome } from '../../../platform/database/group-commit';
import type { SqlExecutor, SqlTransaction } from '../../../platform/database/sql';
import { Audiences } from '../audiences';
import { type Appended, type Draft, saysTheSame } from './draft';
import { type Head, LogWriter } from './log-writer';
import type { StoredMessage } from './message';
import { readMessage } from './message-row';
import { formerIdentitiesOf, identityOf, isStoredAs, mismatch, Repeats, type StoredRow } from './repeats';

/**
 * One group commit: lock the conversations in ascending order, (dedup,) admit, number, insert, and owe the delivery.
 * A message that is refused gets its own error and the rest commit.
 */
@Injectable()
export class LogBatch {
  constructor(
    private readonly audiences: Audiences,
    private readonly writer: LogWriter,
    private readonly repeats: Repeats,
  ) {}

  /**
   * @param mayBeStored look for what is stored already, instead of leaving that to the unique key
   * @param wait for conversations that somebody else holds; else their messages are left undecided
   * @returns what became of each message, in order; undefined for the undecided
   */
  async store(
    tx: SqlTransaction,
    batch: readonly Draft[],
    mayBeStored: boolean,
    wait: boolean,
  ): Promise<(Outcome<Appended> | undefined)[]> {
    // One trip, in this order: the database decides who may send when it has the locks. It is asked about those too whose
    // conversation turns out to be held, or who repeat themselves: their answer is not used.
    const firsts = mayBeStored || batch.some(hasFormerSenders) ? firstOfEach(batch) : undefined;
    const [heads, stored, refusals] = await Promise.all([
      this.writer.lock(tx, batch, wait),
      firsts ? this.stored(tx, batch, [...firsts.values()]) : NOTHING_STORED,
      this.admit(tx, batch, (draft) => !this.writesToAdmit(draft)),
    ]);
    const outcomes = batch.map((draft, index): Outcome<Appended> | undefined => {
      const row = firsts && rowOf(draft, stored);
      if (row) return repeatOfRow(draft, row);
      const error = refusals[index];
      return error && { error };
    });
    const afterwards = await this.admit(
      tx,
      batch,
      (draft, index) => this.writesToAdmit(draft) && !outcomes[index] && heads.has(draft.conversation.pk),
    );
    afterwards.forEach((error, index) => (outcomes[index] = { error }));
    if (!firsts) await this.answerRefusedRepeats(tx, batch, outcomes);
    const fresh = batch.flatMap((draft, index) =>
      outcomes[index] || !heads.has(draft.conversation.pk) || (firsts && firsts.get(identity(draft)) !== index)
        ? []
        : [index],
    );
    if (fresh.length > 0) this.write(tx, heads, batch, fresh, outcomes);
    return batch.map((draft, index) => {
      if (!heads.has(draft.conversation.pk)) return undefined;
      // Repeats inside one batch: the first was stored above, the others are told so.
      return outcomes[index] ?? this.repeatOf(draft, batch, outcomes, firsts);
    });
  }

  /** What is stored is told before any refusal. Looked up only for those who would be refused: nobody else pays for it. */
  private async answerRefusedRepeats(
    tx: SqlExecutor,
    batch: readonly Draft[],
    outcomes: (Outcome<Appended> | undefined)[],
  ): Promise<void> {
    const refused = [...batch.keys()].filter((index) => outcomes[index]);
    if (refused.length === 0) return;
    const stored = await this.stored(tx, batch, refused);
    for (const index of refused) {
      const row = rowOf(batch[index], stored);
      if (row) outcomes[index] = repeatOfRow(batch[index], row);
    }
  }

  private write(
    tx: SqlTransaction,
    heads: ReadonlyMap<number, Head>,
    batch: readonly Draft[],
    fresh: readonly number[],
    outcomes: (Outcome<Appended> | undefined)[],
  ): void {
    const drafts = fresh.map((index) => batch[index]);
    const { messages, owed } = this.writer.write(tx, heads, drafts);
    fresh.forEach((index, position) => {
      const message = messages[position];
      const memberVersion = heads.get(message.conversation.pk)?.memberVersion;
      outcomes[index] = { ok: { message, duplicate: false, owed, memberVersion } };
    });
  }

  private writesToAdmit({ conversation: { kind } }: Draft): boolean {
    return this.audiences.of(kind)?.admitWrites === true;
  }

  /** The refusals of those asked about, each at its place in the batch and nothing elsewhere. Each audience is asked once. */
  private async admit(
    tx: SqlExecutor,
    batch: readonly Draft[],
    asked: (draft: Draft, index: number) => boolean,
  ): Promise<AppError[]> {
    const byKind = new Map<ConversationKind, number[]>();
    batch.forEach((draft, index) => {
      if (!asked(draft, index)) return;
      const { kind } = draft.conversation;
      const indexes = byKind.get(kind);
      if (indexes) indexes.push(index);
      else byKind.set(kind, [index]);
    });
    const refusals: AppError[] = [];
    await Promise.all(
      [...byKind].map(async ([kind, indexes]) => {
        const audience = this.audiences.of(kind);
        if (!audience) throw new Error(`no audience for conversations of kind "${kind}"`);
        const drafts = indexes.length === batch.length ? batch : indexes.map((index) => batch[index]);
        const answers = await audience.admit(tx, drafts);
        indexes.forEach((index, position) => {
          const refusal = answers[position];
          if (refusal) refusals[index] = refusal;
        });
      }),
    );
    return refusals;
  }

  /** What is stored already under the ids of these. */
  private stored(
    tx: SqlExecutor,
    batch: readonly Draft[],
    indexes: readonly number[],
  ): Promise<ReadonlyMap<string, StoredRow>> {
    return this.repeats.stored(
      tx,
      indexes.flatMap((index) => [identityOf(batch[index]), ...formerIdentitiesOf(batch[index])]),
    );
  }

  private repeatOf(
    draft: Draft,
    batch: readonly Draft[],
    outcomes: (Outcome<Appended> | undefined)[],
    firsts: ReadonlyMap<string, number> | undefined,
  ): Outcome<Appended> {
    const firstIndex = firsts?.get(identity(draft));
    const first = firstIndex === undefined ? undefined : batch[firstIndex];
    const outcome = firstIndex === undefined ? undefined : outcomes[firstIndex];
    if (!first || !outcome) throw new Error('a draft of the batch was neither stored nor refused');
    if ('error' in outcome) return outcome;
    const same = first.conversation.pk === draft.conversation.pk && saysTheSame(draft, first);
    return repeated(same, () => outcome.ok.message);
  }
}

const NOTHING_STORED: ReadonlyMap<string, StoredRow> = new Map();

/** For each id of a batch, the index of its first draft. */
function firstOfEach(batch: readonly Draft[]): ReadonlyMap<string, number> {
  const firsts = new Map<string, number>();
  batch.forEach((draft, index) => {
    const key = identity(draft);
    if (!firsts.has(key)) firsts.set(key, index);
  });
  return firsts;
}

const identity = (draft: Draft): string => identityOf(draft).join(':');

/** Whether it may be stored under a user who held its sender's id before, which the unique key does not see. */
const hasFormerSenders = ({ sender }: Draft): boolean => sender?.formerPks !== undefined;

/** The row stored under this draft's id; that of a former holder of its sender's id only where it says the same. */
function rowOf(draft: Draft, stored: ReadonlyMap<string, StoredRow>): StoredRow | undefined {
  const own = stored.get(identity(draft));
  if (own || !draft.sender?.formerPks) return own;
  for (const former of formerIdentitiesOf(draft)) {
    const row = stored.get(former.join(':'));
    if (row && isStoredAs(draft, row)) return row;
  }
  return undefined;
}

const repeatOfRow = (draft: Draft, row: StoredRow): Outcome<Appended> =>
  repeated(isStoredAs(draft, row), () => readMessage(row, draft.conversation, draft.sender?.userId ?? null));

function repeated(same: boolean, message: () => StoredMessage): Outcome<Appended> {
  return same ? { ok: { message: message(), duplicate: true } } : { error: mismatch() };
}

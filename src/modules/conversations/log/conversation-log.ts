import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { GroupCommit, type Outcome, type Settlement } from '../../../platform/database/group-commit';
import { Drainables } from '../../../platform/lifecycle/drainables';
import { ConcurrencyLimiter } from '../../../platform/concurrency/concurrency-limiter';
import { isDuplicateKey, isOutcomeToBeFound, isOutcomeUnknown, Sql } from '../../../platform/database/sql';
import type { Appended, Draft } from './draft';
import { type Changed, type ChangeWork, type Founding, LogChanges } from './log-changes';
import type { ConversationRef } from '../audience';
import { LogBatch } from './log-batch';
import { logMetrics } from '../metrics';

const BATCH_MAX = 256;
const IN_FLIGHT_MAX = 2;
/** A commit costs as much as some twenty rows, on either side: few do not begin one beside another (docs/adr/0005). */
const BESIDE_MIN = 64;
const QUEUE_MAX = 20_000;
const CONVERSATION_QUEUE_MAX = 256;
/** So long a client waits for its acknowledgement before it sends again. */
const WAIT_MAX_MS = 5000;
const ATTEMPTS_MAX = 3;
/** Transactions that wait for somebody's lock, at once: they must leave connections to the others. */
const APART_MAX = 4;
/** Conversations that wait for such a transaction. */
const WAITING_MAX = 256;

/**
 * The conversation log: the only writer of the message table. `append` resolves after COMMIT; what it resolved is
 * stored, in order, once (protocol.md §2.3).
 */
@Injectable()
export class ConversationLog {
  private readonly changing = new Set<Promise<unknown>>();
  private readonly waiters = new ConcurrencyLimiter({
    atOnce: APART_MAX,
    waitingMax: WAITING_MAX,
    retryAfterMs: () => 1000,
  });
  private readonly queue = new GroupCommit<Draft, Appended>({
    run: (batch) => this.commit(batch),
    lane: (draft) => draft.conversation.pk,
    batchMax: BATCH_MAX,
    inFlightMax: IN_FLIGHT_MAX,
    besideMin: BESIDE_MIN,
    queueMax: QUEUE_MAX,
    laneMax: CONVERSATION_QUEUE_MAX,
    waitMaxMs: WAIT_MAX_MS,
  });

  constructor(
    private readonly sql: Sql,
    private readonly batches: LogBatch,
    private readonly changes: LogChanges,
    drainables: Drainables,
  ) {
    drainables.register('commits', () => this.drained());
    logMetrics.watchQueue(() => this.queue.waiting);
  }

  /** More waits than the database stores for now; whoever is new should come later. */
  get crowded(): boolean {
    return this.queue.crowded;
  }

  /**
   * Stores a message: sequence, row and outbox in one transaction shared with whatever else waits. Calls for one
   * conversation are stored in the order of the calls. Throws the refusal of the audience, IDEMPOTENCY_MISMATCH, BUSY
   * (nothing was done) or RETRY (outcome unknown: repeat with the same clientMessageId).
   */
  append(draft: Draft): Promise<Appended> {
    return this.queue.submit(draft);
  }

  /**
   * Changes who is in a conversation and tells it in its log, in one transaction under the lock that sends take: what
   * `work` does to other tables and the notices it returns are stored together, or not at all. `work` may run more than
   * once (deadlock), so it does nothing but SQL; what it throws rolls back and is thrown.
   *
   * @param where the conversation, or how it is made with its target in the same transaction
   * @throws AppError whatever `work` refuses; RETRY where the outcome is unknown
   */
  change<T>(app: AppRef, where: ConversationRef | Founding, work: ChangeWork<T>): Promise<Changed<T>> {
    const change = this.changes.run(app, where, work);
    const settled: Promise<unknown> = change.then(
      () => this.changing.delete(settled),
      () => this.changing.delete(settled),
    );
    this.changing.add(settled);
    return change;
  }

  private async drained(): Promise<void> {
    await this.queue.drained();
    await Promise.all(this.changing);
  }

  /**
   * One batch for all conversations that nobody holds at this moment. The others are stored apart, each by itself, and
   * nobody waits for them but what is sent to them next: a stuck conversation must not hold up the node.
   */
  private async commit(batch: Draft[]): Promise<Settlement<Appended>[]> {
    const outcomes: (Settlement<Appended> | undefined)[] = await this.attempt(batch, false);
    const byConversation = new Map<number, number[]>();
    batch.forEach(({ conversation }, index) => {
      if (outcomes[index]) return;
      byConversation.set(conversation.pk, [...(byConversation.get(conversation.pk) ?? []), index]);
    });
    for (const indexes of byConversation.values()) {
      const stored = this.waiters.run(() => this.waitAndStore(indexes.map((index) => batch[index])));
      indexes.forEach((index, position) => (outcomes[index] = { later: stored.then((all) => settled(all[position])) }));
    }
    return outcomes as Settlement<Appended>[];
  }

  private async waitAndStore(batch: Draft[]): Promise<Outcome<Appended>[]> {
    const outcomes = await this.attempt(batch, true);
    return outcomes.map((outcome) => outcome ?? { error: new Error('a conversation of the batch is gone') });
  }

  /**
   * The straight way first: insert and let the unique key speak. Only when it does (a repeated clientMessageId), or when
   * an earlier COMMIT's outcome is unknown, are the stored ids read before inserting.
   */
  private async attempt(batch: Draft[], wait: boolean): Promise<(Outcome<Appended> | undefined)[]> {
    const finished = logMetrics.startBatch(batch.length);
    let mayBeStored = false;
    for (let attempt = 1; ; attempt++) {
      try {
        const outcomes = await this.sql.transaction((tx) => this.batches.store(tx, batch, mayBeStored, wait));
        finished('stored');
        return outcomes;
      } catch (error) {
        const again = isDuplicateKey(error) || isOutcomeToBeFound(error);
        if (again && attempt < ATTEMPTS_MAX) {
          mayBeStored = true;
          continue;
        }
        finished('failed');
        // Of a silent database, and behind one locked conversation, nothing is to be gained by waiting for each message.
        const locked = error instanceof AppError && error.code === 'RETRY' && ofOneConversation(batch);
        if (!again && !locked && !isOutcomeUnknown(error) && batch.length > 1) return this.apart(batch);
        throw isDuplicateKey(error) ? new AppError('RETRY', {}, { cause: error }) : error;
      }
    }
  }

  /**
   * A batch that cannot be stored as one, because a conversation stays locked or a message breaks it: each conversation
   * by itself, and within one each message by itself, so that the others do not suffer.
   */
  private async apart(batch: Draft[]): Promise<Outcome<Appended>[]> {
    const parts = new Map<number, number[]>();
    batch.forEach(({ conversation }, index) =>
      parts.set(conversation.pk, [...(parts.get(conversation.pk) ?? []), index]),
    );
    const groups = parts.size > 1 ? [...parts.values()] : batch.map((_, index) => [index]);
    const outcomes = new Array<Outcome<Appended>>(batch.length);
    const store = async (indexes: number[]): Promise<void> => {
      const stored = await this.waitAndStore(indexes.map((index) => batch[index])).catch((error: unknown) =>
        indexes.map(() => ({ error })),
      );
      indexes.forEach((index, position) => (outcomes[index] = stored[position] ?? { error: new Error('no outcome') }));
    };
    const next = groups.values();
    const worker = async (): Promise<void> => {
      for (const group of next) await store(group);
    };
    // Messages of one conversation must not overtake one another; conversations may, but must leave connections to others.
    await Promise.all(Array.from({ length: parts.size > 1 ? APART_MAX : 1 }, worker));
    return outcomes;
  }
}

const ofOneConversation = (batch: readonly Draft[]): boolean =>
  batch.every(({ conversation }) => conversation.pk === batch[0]?.conversation.pk);

function settled(outcome: Outcome<Appended>): Appended | Promise<Appended> {
  if ('ok' in outcome) return outcome.ok;
  return Promise.reject(outcome.error instanceof Error ? outcome.error : new Error(String(outcome.error)));
}

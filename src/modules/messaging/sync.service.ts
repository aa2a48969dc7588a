import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { parseConversationId } from '../../kernel/contracts/conversation';
import type { WireMessage } from '../../kernel/contracts/message';
import type { ClientEvents, SyncReply, SyncRequest, UserEvent } from '../../kernel/contracts/socket-events';
import { invalid } from '../../kernel/errors/app-error';
import { type Answer, JsonText } from '../../kernel/json-text';
import { StoreEpoch } from '../../platform/database/store-epoch';
import { FairConcurrencyLimiter } from '../../platform/concurrency/fair-concurrency-limiter';
import { readPlace, writeCursor } from '../../platform/entry/cursor';
import type { PageBudget } from '../../platform/entry/page-budget';
import { bytesOf, Pages } from '../../platform/entry/pages';
import { UserEvents } from '../accounts';
import {
  ConversationDirectory,
  ConversationHistory,
  type ConversationRef,
  encodeMessage,
  Inbox,
  type InboxEntry,
  seenBy,
} from '../conversations';
import { ConversationLines } from './conversation-lines';

const PAGE_CONVERSATIONS = 200;
const EVENTS_MAX = 500;
/** More heads than this are better read by a `sync`. */
const HEADS_MAX = 500;
const INLINE_PER_CONVERSATION = 20;
const INLINE_TOTAL = 500;
/** Further behind than this, a snapshot is cheaper for both sides than everything in between. */
const BACKLOG_MAX = 10_000;
const CONCURRENT_MAX = 32;
const QUEUED_MAX = 2000;
/** Syncs of one user that wait behind the one under way: its devices may come back all at once. */
const QUEUED_OF_USER_MAX = 8;
/** Who asked longer ago has given up and asks again. */
const QUEUED_MAX_MS = 10_000;

/**
 * What changed while a client was away, in bounded pages (protocol.md §2.5). The socket hears live frames already when
 * it asks, so nothing falls between the answer and the stream.
 */
@Injectable()
export class SyncService {
  /** One sync a user at a time, and apps take turns. */
  private readonly limiter = new FairConcurrencyLimiter({
    atOnce: CONCURRENT_MAX,
    waitingMax: QUEUED_MAX,
    waitingOfOneMax: QUEUED_OF_USER_MAX,
    waitMaxMs: QUEUED_MAX_MS,
    retryAfterMs: () => 1000 + Math.round(Math.random() * 4000),
  });

  constructor(
    private readonly inbox: Inbox,
    private readonly directory: ConversationDirectory,
    private readonly history: ConversationHistory,
    private readonly lines: ConversationLines,
    private readonly events: UserEvents,
    private readonly epoch: StoreEpoch,
    private readonly pages: Pages,
  ) {}

  /** @throws AppError BUSY when too much of this user or of all waits already, or waited for too long */
  sync(caller: UserCaller, request: SyncRequest): Promise<Answer<SyncReply>> {
    return this.limiter.run(taskOwnerOf(caller), () => this.page(caller, request));
  }

  /** Only the heads that are above what the client holds, in one page: the cheap, regular check for a lost tail. */
  heads(caller: UserCaller, held: [string, number][]): Promise<ClientEvents['sync:heads']['reply']> {
    return this.limiter.run(taskOwnerOf(caller), async () => {
      const have = heldSeqs(held);
      const budget = this.pages.budget();
      const conversations: [string, number][] = [];
      for (let cursor = 0; ;) {
        const entries = await this.inbox.afterKey(caller.userPk, cursor, PAGE_CONVERSATIONS);
        const refs = await this.directory.byPks(entries.map(({ conversationPk }) => conversationPk));
        const ahead = entries.flatMap(({ conversationPk, maxSeq }): [string, number][] => {
          const conversationId = refs.get(conversationPk)?.conversationId;
          return conversationId && maxSeq > (have.get(conversationId) ?? 0) ? [[conversationId, maxSeq]] : [];
        });
        const fitting = budget.fill(ahead, bytesOf);
        conversations.push(...fitting);
        const last = entries[PAGE_CONVERSATIONS - 1];
        const more = fitting.length < ahead.length || conversations.length >= HEADS_MAX;
        if (!last || more) {
          const { maxUserSeq } = await this.events.bounds(caller.userPk);
          return { userSeq: maxUserSeq, storeEpoch: this.epoch.value, conversations, ...(more && { more }) };
        }
        cursor = last.conversationPk;
      }
    });
  }

  private async page(caller: UserCaller, request: SyncRequest): Promise<Answer<SyncReply>> {
    const have = heldSeqs(request.conversations);
    const place = readPlace('page', request.page, ['number', 'number', 'number']);
    const [cursor, from, firstReset] = place ?? [0, request.userSeq, 0];
    const bounds = await this.events.bounds(caller.userPk);
    const entries = await this.inbox.afterKey(caller.userPk, cursor, PAGE_CONVERSATIONS);
    const refs = await this.directory.byPks(entries.map(({ conversationPk }) => conversationPk));
    const heldOf = (entry: InboxEntry): number => have.get(refs.get(entry.conversationPk)?.conversationId ?? '') ?? 0;
    const behind = entries.filter((entry) => entry.maxSeq > heldOf(entry));
    const backlog = behind.reduce((sum, entry) => sum + entry.maxSeq - Math.max(heldOf(entry), entry.minSeq - 1), 0);

    const otherStore = request.storeEpoch !== undefined && request.storeEpoch !== this.epoch.value;
    const eventsGone = request.userSeq > bounds.maxUserSeq || request.userSeq + 1 < bounds.minUserSeq;
    const reset = place ? firstReset === 1 : otherStore || eventsGone || backlog > BACKLOG_MAX;

    const budget = this.pages.budget();
    const { userEvents, userSeq, moreEvents } = reset
      ? { userEvents: [], userSeq: place ? from : bounds.maxUserSeq, moreEvents: false }
      : await this.eventsAfter(caller, from, bounds.maxUserSeq, budget);
    const listed = reset ? entries : behind;
    const { lines, settled } = await this.lines.within(caller, listed, budget);
    const messages = reset ? undefined : await this.inline(caller, behind.slice(0, settled), { refs, heldOf, budget });

    // What the page has no room for is on the next one; so is what comes after the last entry that was looked at.
    const cut = settled < listed.length;
    const reached = cut ? listed[settled - 1] : entries[entries.length - 1];
    const more = moreEvents || cut || entries.length === PAGE_CONVERSATIONS;
    return {
      ...(reset && { reset: 'snapshot' as const }),
      userSeq,
      storeEpoch: this.epoch.value,
      userEvents,
      conversations: lines,
      ...(messages && { messages }),
      ...(more && { nextPage: writeCursor(reached?.conversationPk ?? cursor, userSeq, reset ? 1 : 0) }),
    };
  }

  /** The user's own events, in at most half of the page, and how far they reach. */
  private async eventsAfter(
    caller: UserCaller,
    from: number,
    maxUserSeq: number,
    budget: PageBudget,
  ): Promise<{ userEvents: UserEvent[]; userSeq: number; moreEvents: boolean }> {
    const maxBytes = budget.bytes / 2;
    const { events, more } = await this.events.since(caller.userPk, from, { limit: EVENTS_MAX, maxBytes });
    for (const event of events) budget.take(bytesOf(event));
    const last = events[events.length - 1]?.userSeq ?? from;
    return { userEvents: events, userSeq: more ? last : Math.max(maxUserSeq, last), moreEvents: more };
  }

  /** The first missing messages of each conversation, oldest first; a client pulls what does not fit. */
  private async inline(
    caller: UserCaller,
    behind: readonly InboxEntry[],
    { refs, heldOf, budget }: InlineContext,
  ): Promise<JsonText<WireMessage>[]> {
    const messages: JsonText<WireMessage>[] = [];
    for (const entry of behind) {
      const conversation = refs.get(entry.conversationPk);
      if (!conversation) continue;
      const window = { from: entry.minSeq, to: entry.maxSeq };
      const page = await this.history.page(conversation, window, {
        after: heldOf(entry),
        limit: INLINE_PER_CONVERSATION,
      });
      for (const message of page.map((one) => seenBy(one, caller.userPk))) {
        const text = encodeMessage(message);
        if (messages.length >= INLINE_TOTAL || !budget.take(Buffer.byteLength(text) + 1)) return messages;
        messages.push(new JsonText(text));
      }
    }
    return messages;
  }
}

/** What a page's inline messages depend on. */
interface InlineContext {
  refs: ReadonlyMap<number, ConversationRef>;
  heldOf: (entry: InboxEntry) => number;
  budget: PageBudget;
}

const taskOwnerOf = ({ app, userPk }: UserCaller) => ({ group: app.pk, owner: userPk });

function heldSeqs(held: readonly unknown[]): Map<string, number> {
  const seqs = new Map<string, number>();
  held.forEach((pair, index) => {
    const [conversationId, seq] = Array.isArray(pair) && pair.length === 2 ? (pair as unknown[]) : [];
    const valid =
      typeof conversationId === 'string' &&
      parseConversationId(conversationId) &&
      Number.isSafeInteger(seq) &&
      (seq as number) >= 0;
    if (!valid) throw invalid(`conversations[${index}]`, 'Each entry is [conversationId, seq].');
    seqs.set(conversationId, seq as number);
  });
  return seqs;
}

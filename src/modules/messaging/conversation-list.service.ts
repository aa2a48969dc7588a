import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { parseConversationId, type WireConversation } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import { Sql } from '../../platform/database/sql';
import { notACursor, readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, pageOf, type PageQuery } from '../../platform/entry/page-query';
import { Live } from '../../platform/realtime/live';
import { UserEvents } from '../accounts';
import {
  Audiences,
  ConversationDirectory,
  ConversationHistory,
  type ConversationRef,
  Inbox,
  type InboxEntry,
  Marks,
  maySee,
  presentMessage,
} from '../conversations';
import { ReadableConversations } from './readable';

/** The end of the year 9999, after which a time is no time to the database. */
const TIME_MAX_MS = 253_402_300_799_999;

/** A user's conversations: last message, unread, marks, and what the user alone decides about them. */
@Injectable()
export class ConversationListService {
  constructor(
    private readonly inbox: Inbox,
    private readonly directory: ConversationDirectory,
    private readonly history: ConversationHistory,
    private readonly audiences: Audiences,
    private readonly readable: ReadableConversations,
    private readonly marks: Marks,
    private readonly events: UserEvents,
    private readonly live: Live,
    private readonly sql: Sql,
  ) {}

  /** Latest activity first. */
  async list(caller: UserCaller, query: PageQuery): Promise<Page<WireConversation>> {
    const limit = limitOf(query);
    const cursor = readCursor(query.cursor, 'number', 'number');
    if (cursor && !(cursor[0] >= 0 && cursor[0] <= TIME_MAX_MS)) throw notACursor();
    const before = cursor && { lastAt: cursor[0], conversationPk: cursor[1] };
    const entries = await this.inbox.latest(caller.userPk, limit + 1, before);
    const page = pageOf(
      entries,
      limit,
      ({ lastAt, conversationPk }) => [lastAt, conversationPk],
      (entry) => entry,
    );
    return { ...page, items: await this.present(caller, page.items) };
  }

  async one(caller: UserCaller, conversationId: string): Promise<WireConversation> {
    const { conversation } = await this.readable.find(caller, conversationId);
    const entry = await this.inbox.entry(caller.userPk, conversation.pk);
    const [shown] = entry ? await this.present(caller, [entry]) : [];
    if (!shown) throw new AppError('CONVERSATION_NOT_FOUND');
    return shown;
  }

  /** Do not disturb and pin: for this user alone, told to its other devices. */
  async change(
    caller: UserCaller,
    conversationId: string,
    own: { muted?: boolean; pinned?: boolean },
  ): Promise<WireConversation> {
    const { conversation } = await this.readable.find(caller, conversationId);
    // One may read some conversations without having them.
    if (!(await this.inbox.entry(caller.userPk, conversation.pk))) throw new AppError('CONVERSATION_NOT_FOUND');
    const event = await this.sql.transaction(async (tx) => {
      const made = await this.events.append(tx, caller.userPk, 'conversation-changed', conversationId, {
        conversationId,
        ...own,
      });
      await this.marks.setOwn(tx, conversation.pk, caller.userPk, own);
      return made;
    });
    this.live.toUsers(caller.app.pk, [caller.userPk], 'user:event', event, { exceptSocketId: caller.socketId });
    return this.one(caller, conversationId);
  }

  /** Entries as the wire shows them, in their order. */
  async present(caller: UserCaller, entries: readonly InboxEntry[]): Promise<WireConversation[]> {
    const pks = entries.map(({ conversationPk }) => conversationPk);
    const conversations = await this.directory.byPks(pks);
    const direct = pks.filter((pk) => conversations.get(pk)?.kind === 'user');
    const [lastMessages, peerMarks, superseded] = await Promise.all([
      this.history.exactly(
        entries
          .filter(({ lastSeq, minSeq }) => lastSeq >= minSeq && lastSeq > 0)
          .map(({ conversationPk, lastSeq }) => [conversationPk, lastSeq] as const),
      ),
      this.inbox.peerMarks(caller.userPk, direct),
      this.superseded(caller, [...conversations.values()]),
    ]);
    const lastOf = new Map(
      lastMessages
        .filter((message) => maySee(message, caller.userPk))
        .map((message) => [message.conversation.pk, message]),
    );
    return entries.flatMap((entry) => {
      const conversation = conversations.get(entry.conversationPk);
      if (!conversation || superseded.has(conversation.pk)) return [];
      const last = lastOf.get(entry.conversationPk);
      const marks = peerMarks.get(entry.conversationPk);
      return [
        {
          conversationId: conversation.conversationId,
          ...(last && { lastMessage: presentMessage(last) }),
          maxSeq: entry.maxSeq,
          minSeq: entry.minSeq,
          readSeq: entry.readSeq,
          unread: entry.unread,
          muted: entry.muted,
          pinned: entry.pinned,
          ...(marks && { peer: { userId: peerOf(conversation, caller.userId), ...marks } }),
        },
      ];
    });
  }

  /**
   * Conversations with a deleted user whose id another user holds now: the public id names the new one's conversation,
   * so the old one has left the list with its user.
   */
  private async superseded(caller: UserCaller, conversations: readonly ConversationRef[]): Promise<Set<number>> {
    const old = new Set<number>();
    await Promise.all(
      conversations.map(async (conversation) => {
        if (conversation.kind !== 'user') return;
        const peerPk = conversation.lowPk === caller.userPk ? conversation.highPk : conversation.lowPk;
        const holder = await this.audiences.names.pkOf(caller.app.pk, peerOf(conversation, caller.userId));
        if (holder !== peerPk) old.add(conversation.pk);
      }),
    );
    return old;
  }
}

function peerOf({ conversationId }: ConversationRef, userId: string): string {
  const name = parseConversationId(conversationId);
  if (name?.kind !== 'user') throw new Error('only a one-to-one conversation has a peer');
  return name.low === userId ? name.high : name.low;
}

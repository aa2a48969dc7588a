import { Injectable } from '@nestjs/common';
import type { AppCaller, TenantCaller, UserCaller } from '../../kernel/caller';
import type { AppConversation, WireConversation } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import type { JsonText } from '../../kernel/json-text';
import { Sql } from '../../platform/database/sql';
import { notACursor, readCursor, writeCursor } from '../../platform/entry/cursor';
import { limitOf, type Page } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { Live } from '../../platform/realtime/live';
import { UserEvents, Users } from '../accounts';
import { AppConversations, Inbox, Marks, type UnreadSummary, UnreadTotals } from '../conversations';
import { ConversationLines, type ListOwner } from './conversation-lines';
import type { ConversationsQuery } from './dto/conversation.dto';
import { ReadableConversations } from './readable';

/** The end of the year 9999, after which a time is no time to the database. */
const TIME_MAX_MS = 253_402_300_799_999;

/** A user's conversations: last message, unread, marks, and what the user alone decides about them. */
@Injectable()
export class ConversationListService {
  constructor(
    private readonly inbox: Inbox,
    private readonly lines: ConversationLines,
    private readonly readable: ReadableConversations,
    private readonly marks: Marks,
    private readonly conversations: AppConversations,
    private readonly totals: UnreadTotals,
    private readonly users: Users,
    private readonly events: UserEvents,
    private readonly live: Live,
    private readonly sql: Sql,
    private readonly pages: Pages,
  ) {}

  /** A page of what `userId` has, for itself or the app's server. @throws AppError USER_NOT_FOUND, FORBIDDEN */
  async listOf(
    caller: TenantCaller,
    userId: string,
    query: ConversationsQuery,
  ): Promise<Page<JsonText<WireConversation>>> {
    return this.list(await this.owner(caller, userId), query);
  }

  /** Latest activity first. */
  async list(owner: ListOwner, query: ConversationsQuery): Promise<Page<JsonText<WireConversation>>> {
    const limit = limitOf(query);
    const cursor = readCursor(query.cursor, 'number', 'number');
    if (cursor && !(cursor[0] >= 0 && cursor[0] <= TIME_MAX_MS)) throw notACursor();
    const before = cursor && { lastAt: cursor[0], conversationPk: cursor[1] };
    const entries = await this.inbox.latest(owner.userPk, limit + 1, { before, kind: query.kind });
    const page = entries.slice(0, limit);
    const { lines, settled } = await this.lines.within(owner, page, this.pages.budget());
    const last = page[settled - 1];
    return {
      items: lines,
      ...(settled < entries.length && last && { nextCursor: writeCursor(last.lastAt, last.conversationPk) }),
    };
  }

  /** Every conversation of the app in which something was said, in an order that stays. */
  async ofApp({ app }: AppCaller, query: ConversationsQuery): Promise<Page<JsonText<AppConversation>>> {
    const limit = limitOf(query);
    const after = readCursor(query.cursor, 'number', 'number', 'number');
    const entries = await this.conversations.page(app.pk, limit + 1, query.kind, after);
    const items = await this.lines.ofApp(entries.slice(0, limit), this.pages.budget());
    const last = entries[items.length - 1];
    return {
      items,
      ...(items.length < entries.length && { nextCursor: writeCursor(last.kind, last.lowPk, last.highPk) }),
    };
  }

  /** What `userId` has not read, all conversations together; for itself or the app's server. */
  async unreadOf(caller: TenantCaller, userId: string): Promise<UnreadSummary> {
    return this.totals.summary((await this.owner(caller, userId)).userPk);
  }

  async one(caller: UserCaller, conversationId: string): Promise<JsonText<WireConversation>> {
    const { conversation } = await this.readable.find(caller, conversationId);
    const entry = await this.inbox.entry(caller.userPk, conversation.pk);
    const { lines } = entry ? await this.lines.within(caller, [entry], this.pages.budget()) : { lines: [] };
    const [shown] = lines;
    if (!shown) throw new AppError('CONVERSATION_NOT_FOUND');
    return shown;
  }

  /** Do not disturb and pin: for this user alone, told to its other devices. */
  async change(
    caller: UserCaller,
    conversationId: string,
    own: { muted?: boolean; pinned?: boolean },
  ): Promise<JsonText<WireConversation>> {
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

  private async owner(caller: TenantCaller, userId: string): Promise<ListOwner> {
    if (caller.kind === 'user' && caller.userId === userId) return caller;
    const user = await this.users.resolve(caller.app, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    if (caller.kind === 'user') throw new AppError('FORBIDDEN');
    return { app: caller.app, userPk: user.userPk, userId: user.userId };
  }
}

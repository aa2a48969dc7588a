import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { WireMessage } from '../../kernel/contracts/message';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { readCursor, writeCursor } from '../../platform/entry/cursor';
import { limitOf, type Page } from '../../platform/entry/page-query';
import { ConversationHistory, presentMessage } from '../conversations';
import { ChatroomAudience } from './chatroom.audience';
import { ChatroomsService } from './chatrooms.service';
import type { RoomHistoryQuery } from './dto/chatroom.dto';

/** What a room keeps of what was said, for whoever is in it and for the app's server. */
@Injectable()
export class RoomHistoryService {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly audience: ChatroomAudience,
    private readonly history: ConversationHistory,
  ) {}

  /** Newest first with `before` or with neither, oldest first with `after`. @throws AppError NOT_MEMBER */
  async page(caller: TenantCaller, chatroomId: string, query: RoomHistoryQuery): Promise<Page<WireMessage>> {
    const given = (['after', 'before', 'cursor'] as const).filter((name) => query[name] !== undefined);
    if (given.length > 1) throw invalid(given[1], `Give one of after, before and cursor, not ${given.join(' and ')}.`);
    const { conversation } = await this.chatrooms.seen(caller, chatroomId);
    const window = caller.kind === 'app' ? { from: 1 } : await this.audience.window(conversation, caller.userPk);
    if (!window) throw new AppError('NOT_MEMBER');
    const cursor = readCursor(query.cursor, 'string', 'number');
    const bounds = cursor
      ? { [cursor[0] === 'after' ? 'after' : 'before']: cursor[1] }
      : { after: query.after, before: query.before };
    const limit = limitOf(query);
    const messages = await this.history.page(conversation, window, { ...bounds, limit: limit + 1 });
    const shown = messages.slice(0, limit);
    const last = shown[shown.length - 1];
    const direction = 'after' in bounds && bounds.after !== undefined ? 'after' : 'before';
    return {
      items: shown.map((message) => presentMessage(message)),
      ...(messages.length > limit && last && { nextCursor: writeCursor(direction, last.seq) }),
    };
  }
}

import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { LogPage } from '../../kernel/contracts/message';
import { AppError } from '../../kernel/errors/app-error';
import type { Answer } from '../../kernel/json-text';
import { assertOneBound, HistoryPages, type HistoryQuery } from '../conversations';
import { ChatroomAudience } from './members/chatroom.audience';
import { ChatroomsService } from './rooms/chatrooms.service';

/** What a room keeps of what was said, for whoever is in it and for the app's server. */
@Injectable()
export class RoomHistoryService {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly audience: ChatroomAudience,
    private readonly pages: HistoryPages,
  ) {}

  /** Newest first with `before` or with neither, oldest first with `after`. @throws AppError NOT_MEMBER */
  async page(caller: TenantCaller, chatroomId: string, query: HistoryQuery): Promise<Answer<LogPage>> {
    assertOneBound(query, ['after', 'before', 'cursor']);
    const { conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    const window = caller.kind === 'app' ? { from: 1 } : await this.audience.window(conversation, caller.userPk);
    if (!window) throw new AppError('NOT_MEMBER');
    return this.pages.page({ conversation, window }, query);
  }
}

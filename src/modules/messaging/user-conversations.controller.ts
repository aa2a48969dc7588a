import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { ConversationListService } from './conversation-list.service';
import { ConversationsQuery } from './dto/conversation.dto';

@ApiTags('Conversations')
@Controller('v1/users/:userId')
export class UserConversationsController {
  constructor(private readonly list: ConversationListService) {}

  /** The conversations of this user, latest activity first; a user asks for its own. */
  @Get('conversations')
  @Allow('user', 'app')
  conversations(
    @CurrentCaller() caller: TenantCaller,
    @Param('userId') userId: string,
    @Query() query: ConversationsQuery,
  ) {
    return this.list.listOf(caller, userId, query);
  }

  /** How much this user has not read; a user asks for its own. */
  @Get('unread')
  @Allow('user', 'app')
  unread(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string) {
    return this.list.unreadOf(caller, userId);
  }
}

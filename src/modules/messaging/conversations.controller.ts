import { Body, Controller, Get, Param, Patch, Put, Query } from '@nestjs/common';
import type { TenantCaller, UserCaller } from '../../kernel/caller';
import type { AppConversation, WireConversation } from '../../kernel/contracts/conversation';
import type { JsonText } from '../../kernel/json-text';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import type { Page } from '../../platform/entry/page-query';
import { ConversationListService } from './conversation-list.service';
import { ConversationHistoryQuery, ConversationsQuery, OwnSettingsDto, ReadDto } from './dto/conversation.dto';
import { HistoryService } from './history.service';
import { MarksService } from './marks.service';

@Controller('v1/conversations')
export class ConversationsController {
  constructor(
    private readonly list: ConversationListService,
    private readonly history: HistoryService,
    private readonly marks: MarksService,
  ) {}

  /** The user's conversations, latest activity first. To the app's server: all of its app. */
  @Get()
  @Allow('user', 'app')
  all(
    @CurrentCaller() caller: TenantCaller,
    @Query() query: ConversationsQuery,
  ): Promise<Page<JsonText<WireConversation>> | Page<JsonText<AppConversation>>> {
    return caller.kind === 'user' ? this.list.list(caller, query) : this.list.ofApp(caller, query);
  }

  /** One line of the list. */
  @Get(':conversationId')
  @Allow('user')
  one(@CurrentCaller() caller: UserCaller, @Param('conversationId') conversationId: string) {
    return this.list.one(caller, conversationId);
  }

  /** Do not disturb and pin, for this user alone. */
  @Patch(':conversationId')
  @Allow('user')
  change(
    @CurrentCaller() caller: UserCaller,
    @Param('conversationId') conversationId: string,
    @Body() own: OwnSettingsDto,
  ) {
    return this.list.change(caller, conversationId, own);
  }

  /** History both ways: `before` (newest first), `after` or `from` (oldest first). */
  @Get(':conversationId/messages')
  @Allow('user', 'app')
  messages(
    @CurrentCaller() caller: TenantCaller,
    @Param('conversationId') conversationId: string,
    @Query() query: ConversationHistoryQuery,
  ) {
    return this.history.page(caller, { conversationId, ...query });
  }

  /** Raise the read mark. */
  @Put(':conversationId/read')
  @Allow('user')
  read(@CurrentCaller() caller: UserCaller, @Param('conversationId') conversationId: string, @Body() { seq }: ReadDto) {
    return this.marks.read(caller, conversationId, seq);
  }
}

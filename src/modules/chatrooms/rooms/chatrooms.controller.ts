import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { Idempotent } from '../../../platform/entry/http/idempotency.interceptor';
import { PageQuery } from '../../../platform/entry/page-query';
import { AnnouncementDto, HistoryQuery } from '../../conversations';
import { ChatroomsService } from './chatrooms.service';
import { CreateChatroomDto, PatchChatroomDto } from './chatroom.dto';
import { RoomHistoryService } from '../room-history.service';

@ApiTags('Chatrooms')
@Controller('v1/chatrooms')
export class ChatroomsController {
  constructor(
    private readonly chatrooms: ChatroomsService,
    private readonly history: RoomHistoryService,
  ) {}

  /** Creates a room. For the app’s server and super-admins. */
  @Post()
  @Allow('user', 'app')
  @Idempotent()
  create(@CurrentCaller() caller: TenantCaller, @Body() wanted: CreateChatroomDto) {
    return this.chatrooms.create(caller, wanted);
  }

  /** All open rooms of the app. */
  @Get()
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Query() query: PageQuery) {
    return this.chatrooms.list(caller, query);
  }

  /** One room, with its member count. */
  @Get(':chatroomId')
  @Allow('user', 'app')
  get(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string) {
    return this.chatrooms.get(caller, chatroomId);
  }

  /** Changes a room. For the app’s server and super-admins. */
  @Patch(':chatroomId')
  @Allow('user', 'app')
  change(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Body() patch: PatchChatroomDto,
  ) {
    return this.chatrooms.change(caller, chatroomId, patch);
  }

  /** Closes a room and removes everybody. For the app’s server and super-admins. */
  @Delete(':chatroomId')
  @Allow('user', 'app')
  @HttpCode(204)
  close(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.close(caller, chatroomId);
  }

  /** Sets the announcement; an empty text removes it. The room’s admins may do so as well. */
  @Put(':chatroomId/announcement')
  @Allow('user', 'app')
  announce(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Body() { text }: AnnouncementDto,
  ) {
    return this.chatrooms.announce(caller, chatroomId, text);
  }

  /** Stops distribution: messages are stored, but not delivered. */
  @Put(':chatroomId/distribution-stop')
  @Allow('user', 'app')
  @HttpCode(204)
  stop(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.setDistributionStopped(caller, chatroomId, true);
  }

  /** Resumes distribution; members are told to pull the messages that they missed. */
  @Delete(':chatroomId/distribution-stop')
  @Allow('user', 'app')
  @HttpCode(204)
  resume(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.setDistributionStopped(caller, chatroomId, false);
  }

  /** The messages that the room keeps. For its members and the app’s server. */
  @Get(':chatroomId/messages')
  @Allow('user', 'app')
  messages(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Query() query: HistoryQuery,
  ) {
    return this.history.page(caller, chatroomId, query);
  }
}

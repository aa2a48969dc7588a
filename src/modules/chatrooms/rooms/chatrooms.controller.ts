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

  /** Makes a room, by the app’s server and super-admins. */
  @Post()
  @Allow('user', 'app')
  @Idempotent()
  create(@CurrentCaller() caller: TenantCaller, @Body() wanted: CreateChatroomDto) {
    return this.chatrooms.create(caller, wanted);
  }

  /** Every open room of the app. */
  @Get()
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Query() query: PageQuery) {
    return this.chatrooms.list(caller, query);
  }

  /** One room, with how many are in it. */
  @Get(':chatroomId')
  @Allow('user', 'app')
  get(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string) {
    return this.chatrooms.get(caller, chatroomId);
  }

  /** Changes a room, by the app’s server and super-admins. */
  @Patch(':chatroomId')
  @Allow('user', 'app')
  change(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Body() patch: PatchChatroomDto,
  ) {
    return this.chatrooms.change(caller, chatroomId, patch);
  }

  /** Closes it: everybody is out. By the app’s server and super-admins. */
  @Delete(':chatroomId')
  @Allow('user', 'app')
  @HttpCode(204)
  close(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.close(caller, chatroomId);
  }

  /** Sets the announcement, by the room’s admins as well; an empty text takes it away. */
  @Put(':chatroomId/announcement')
  @Allow('user', 'app')
  announce(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Body() { text }: AnnouncementDto,
  ) {
    return this.chatrooms.announce(caller, chatroomId, text);
  }

  /** What is said from here on is stored and handed out to nobody. */
  @Put(':chatroomId/distribution-stop')
  @Allow('user', 'app')
  @HttpCode(204)
  stop(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.distribute(caller, chatroomId, true);
  }

  /** Messages are handed out again; listeners are told where to pull what they missed. */
  @Delete(':chatroomId/distribution-stop')
  @Allow('user', 'app')
  @HttpCode(204)
  resume(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.chatrooms.distribute(caller, chatroomId, false);
  }

  /** What the room keeps, to whoever is in it and to the app’s server. */
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

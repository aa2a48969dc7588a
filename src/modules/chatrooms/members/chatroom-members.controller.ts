import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../../platform/entry/page-query';
import { UserIdsDto } from '../../accounts';
import { ChatroomMembersService } from './chatroom-members.service';
import { ChatroomModerationService } from '../moderation/chatroom-moderation.service';

/** Who is in a room now. By the app’s server and super-admins. */
@ApiTags('Chatrooms')
@Controller('v1/chatrooms/:chatroomId')
export class ChatroomMembersController {
  constructor(
    private readonly members: ChatroomMembersService,
    private readonly moderation: ChatroomModerationService,
  ) {}

  /** Who is in the room; its admins may look as well. */
  @Get('members')
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.members.list(caller, chatroomId, query);
  }

  /** Brings users’ live sockets in, with an answer for each; one who is offline cannot be. */
  @Post('members')
  @Allow('user', 'app')
  @HttpCode(200)
  add(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Body() { userIds }: UserIdsDto) {
    return this.members.add(caller, chatroomId, userIds);
  }

  /** Puts a user out; it may come in again. */
  @Delete('members/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  remove(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.remove(caller, chatroomId, userId);
  }

  /** The admins of the room. */
  @Get('admins')
  @Allow('user', 'app')
  admins(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, chatroomId, 'admin', query);
  }

  /** Makes a user an admin of the room, whether it is in or not. */
  @Put('admins/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  appoint(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.setAdmin(caller, chatroomId, userId, true);
  }

  /** Takes an admin’s role away. */
  @Delete('admins/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  dismiss(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.setAdmin(caller, chatroomId, userId, false);
  }
}

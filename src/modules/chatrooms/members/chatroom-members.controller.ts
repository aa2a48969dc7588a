import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../../platform/entry/page-query';
import { UserIdsDto } from '../../accounts';
import { ChatroomMembersService } from './chatroom-members.service';
import { ChatroomModerationService } from '../moderation/chatroom-moderation.service';

/** Members and admins of a room. For the app’s server and super-admins. */
@ApiTags('Chatrooms')
@Controller('v1/chatrooms/:chatroomId')
export class ChatroomMembersController {
  constructor(
    private readonly members: ChatroomMembersService,
    private readonly moderation: ChatroomModerationService,
  ) {}

  /** Members of the room; its admins may list them as well. */
  @Get('members')
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.members.list(caller, chatroomId, query);
  }

  /** Adds users’ connected sockets, with a result for each user; those who are offline cannot be added. */
  @Post('members')
  @Allow('user', 'app')
  @HttpCode(200)
  add(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Body() { userIds }: UserIdsDto) {
    return this.members.add(caller, chatroomId, userIds);
  }

  /** Removes a user, who may join again. */
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

  /** Makes a user an admin of the room, whether they are a member or not. */
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

import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../../kernel/caller';
import { Allow } from '../../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../../platform/entry/page-query';
import { MuteDto } from '../../conversations';
import { ChatroomModerationService } from './chatroom-moderation.service';

/** Mutes, bans and the allow-list. For the room’s owner and admins, super-admins and the app’s server. */
@ApiTags('Chatrooms')
@Controller('v1/chatrooms/:chatroomId')
export class ChatroomModerationController {
  constructor(private readonly moderation: ChatroomModerationService) {}

  /** Muted users, each with the end of the mute; null: for ever. */
  @Get('mutes')
  @Allow('user', 'app')
  mutes(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, chatroomId, 'muted', query);
  }

  /** Mutes a user for `seconds`, or for ever. */
  @Put('mutes/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  mute(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
    @Body() { seconds }: MuteDto,
  ): Promise<void> {
    return this.moderation.mute(caller, chatroomId, userId, seconds);
  }

  /** Lets a muted user send again. */
  @Delete('mutes/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  unmute(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.unmute(caller, chatroomId, userId);
  }

  /** Mutes all but the owner, admins, and those on the allow-list. */
  @Put('mute-all')
  @Allow('user', 'app')
  @HttpCode(204)
  muteAll(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.moderation.muteAll(caller, chatroomId, true);
  }

  /** Lets everybody send again. */
  @Delete('mute-all')
  @Allow('user', 'app')
  @HttpCode(204)
  unmuteAll(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string): Promise<void> {
    return this.moderation.muteAll(caller, chatroomId, false);
  }

  /** The allow-list: users who may send while all are muted. */
  @Get('speakers')
  @Allow('user', 'app')
  speakers(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, chatroomId, 'maySpeak', query);
  }

  /** Puts a user on the allow-list. */
  @Put('speakers/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  allow(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.allow(caller, chatroomId, userId, true);
  }

  /** Takes a user off the allow-list. */
  @Delete('speakers/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  disallow(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.allow(caller, chatroomId, userId, false);
  }

  /** Banned users. */
  @Get('bans')
  @Allow('user', 'app')
  bans(@CurrentCaller() caller: TenantCaller, @Param('chatroomId') chatroomId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, chatroomId, 'banned', query);
  }

  /** Removes a user and keeps them from joining again. */
  @Put('bans/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  ban(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.ban(caller, chatroomId, userId);
  }

  /** Lets a banned user join again. */
  @Delete('bans/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  unban(
    @CurrentCaller() caller: TenantCaller,
    @Param('chatroomId') chatroomId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.unban(caller, chatroomId, userId);
  }
}

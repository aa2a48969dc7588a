import { Body, Controller, Delete, Get, HttpCode, Param, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../platform/entry/page-query';
import { MuteDto } from '../conversations';
import { ModerationService } from './moderation.service';

/** By the owner, admins and the app's server. */
@ApiTags('Groups')
@Controller('v1/groups/:groupId')
export class ModerationController {
  constructor(private readonly moderation: ModerationService) {}

  /** Who is muted, each with the end; null: for ever. */
  @Get('mutes')
  @Allow('user', 'app')
  mutes(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, groupId, 'muted', query);
  }

  /** Mutes a user for `seconds`, or for ever. */
  @Put('mutes/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  mute(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
    @Body() { seconds }: MuteDto,
  ): Promise<void> {
    return this.moderation.mute(caller, groupId, userId, seconds);
  }

  /** Lets a muted user speak again. */
  @Delete('mutes/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  unmute(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.unmute(caller, groupId, userId);
  }

  /** Mutes all but the owner, admins, and those on the allow-list. */
  @Put('mute-all')
  @Allow('user', 'app')
  @HttpCode(204)
  muteAll(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string): Promise<void> {
    return this.moderation.muteAll(caller, groupId, true);
  }

  /** Lets everybody speak again. */
  @Delete('mute-all')
  @Allow('user', 'app')
  @HttpCode(204)
  unmuteAll(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string): Promise<void> {
    return this.moderation.muteAll(caller, groupId, false);
  }

  /** The allow-list: who speaks while all are muted. */
  @Get('speakers')
  @Allow('user', 'app')
  speakers(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, groupId, 'maySpeak', query);
  }

  /** Puts a user on the allow-list. */
  @Put('speakers/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  allow(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.allow(caller, groupId, userId, true);
  }

  /** Takes a user off the allow-list. */
  @Delete('speakers/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  disallow(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.allow(caller, groupId, userId, false);
  }

  /** Who is banned. */
  @Get('bans')
  @Allow('user', 'app')
  bans(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Query() query: PageQuery) {
    return this.moderation.list(caller, groupId, 'banned', query);
  }

  /** Bans a user: removes it where it is in, and lets it in no more. */
  @Put('bans/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  ban(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.ban(caller, groupId, userId);
  }

  /** Lets a banned user come in again. */
  @Delete('bans/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  unban(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.moderation.unban(caller, groupId, userId);
  }
}

import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { AppCaller, TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../platform/entry/page-query';
import { UserIdsDto } from '../accounts';
import { PatchMemberDto, UserIdDto } from './dto/group.dto';
import { GroupMembersService } from './group-members.service';

@ApiTags('Groups')
@Controller('v1/groups/:groupId')
export class GroupMembersController {
  constructor(private readonly members: GroupMembersService) {}

  /** Who is in the group, as what. */
  @Get('members')
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Query() query: PageQuery) {
    return this.members.list(caller, groupId, query);
  }

  /** Puts users in at once, whatever the group's rules; with an answer for each. */
  @Post('members')
  @Allow('app')
  @HttpCode(200)
  add(@CurrentCaller() caller: AppCaller, @Param('groupId') groupId: string, @Body() { userIds }: UserIdsDto) {
    return this.members.add(caller, groupId, userIds);
  }

  /** One member. */
  @Get('members/:userId')
  @Allow('user', 'app')
  one(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Param('userId') userId: string) {
    return this.members.one(caller, groupId, userId);
  }

  /** One's own nickname and attributes, or another's by the owner and admins. */
  @Patch('members/:userId')
  @Allow('user', 'app')
  change(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
    @Body() patch: PatchMemberDto,
  ) {
    return this.members.change(caller, groupId, userId, patch);
  }

  /** Leaves, with one's own id; removes, with another's: by the owner, and by admins where the group says so. */
  @Delete('members/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  remove(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.remove(caller, groupId, userId);
  }

  /** Makes a member an admin; by the owner. */
  @Put('admins/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  makeAdmin(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.setAdmin(caller, groupId, userId, true);
  }

  /** Makes an admin a member again; by the owner. */
  @Delete('admins/:userId')
  @Allow('user', 'app')
  @HttpCode(204)
  unmakeAdmin(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('userId') userId: string,
  ): Promise<void> {
    return this.members.setAdmin(caller, groupId, userId, false);
  }

  /** Hands the group to another member. */
  @Put('owner')
  @Allow('user', 'app')
  @HttpCode(204)
  transfer(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Body() { userId }: UserIdDto,
  ): Promise<void> {
    return this.members.transfer(caller, groupId, userId);
  }
}

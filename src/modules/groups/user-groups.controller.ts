import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { PageQuery } from '../../platform/entry/page-query';
import { GroupsService } from './groups.service';
import { InvitationsService } from './invitations.service';

@ApiTags('Groups')
@Controller('v1/users/:userId')
export class UserGroupsController {
  constructor(
    private readonly service: GroupsService,
    private readonly invitations: InvitationsService,
  ) {}

  /** The groups this user is in; a user asks for its own. */
  @Get('groups')
  @Allow('user', 'app')
  groups(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string, @Query() query: PageQuery) {
    return this.service.listOf(caller, userId, query);
  }

  /** Invitations that wait for this user's answer; a user asks for its own. */
  @Get('group-invitations')
  @Allow('user', 'app')
  invited(@CurrentCaller() caller: TenantCaller, @Param('userId') userId: string, @Query() query: PageQuery) {
    return this.invitations.listOf(caller, userId, query);
  }
}

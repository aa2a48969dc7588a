import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { TenantCaller, UserCaller } from '../../kernel/caller';
import { Allow } from '../../platform/entry/allow.decorator';
import { CurrentCaller } from '../../platform/entry/current-caller.decorator';
import { StatusFrom } from '../../platform/entry/http/route-marks';
import { UserIdsDto } from '../accounts';
import { JoinDto, RejectDto, RequestsQuery } from './dto/group.dto';
import { InvitationsService } from './invitations.service';
import { type JoinAnswer, JoinRequestsService } from './join-requests.service';

@ApiTags('Groups')
@Controller('v1/groups/:groupId')
export class GroupRequestsController {
  constructor(
    private readonly requests: JoinRequestsService,
    private readonly invitations: InvitationsService,
  ) {}

  /** Joins a public group at once (200); asks to join a private one (201, `pending`). */
  @Post('join-requests')
  @Allow('user')
  @StatusFrom(({ status }: JoinAnswer) => (status === 'joined' ? 200 : 201))
  join(@CurrentCaller() caller: UserCaller, @Param('groupId') groupId: string, @Body() { message }: JoinDto) {
    return this.requests.join(caller, groupId, message);
  }

  /** Who asked to join; to the owner and admins. */
  @Get('join-requests')
  @Allow('user', 'app')
  list(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Query() query: RequestsQuery) {
    return this.requests.list(caller, groupId, query);
  }

  /** Lets the asking user in; by the owner and admins. Twice answers the same. */
  @Post('join-requests/:requestId/approve')
  @Allow('user', 'app')
  @HttpCode(200)
  approve(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('requestId') requestId: string,
  ) {
    return this.requests.approve(caller, groupId, requestId);
  }

  /** Refuses the asking user, who is told why; by the owner and admins. */
  @Post('join-requests/:requestId/reject')
  @Allow('user', 'app')
  @HttpCode(200)
  reject(
    @CurrentCaller() caller: TenantCaller,
    @Param('groupId') groupId: string,
    @Param('requestId') requestId: string,
    @Body() { reason }: RejectDto,
  ) {
    return this.requests.reject(caller, groupId, requestId, reason);
  }

  /** Brings users in, or invites them where the group wants their consent; with an answer for each. By the owner, admins, and members where the group says so. */
  @Post('invitations')
  @Allow('user', 'app')
  @HttpCode(200)
  invite(@CurrentCaller() caller: TenantCaller, @Param('groupId') groupId: string, @Body() { userIds }: UserIdsDto) {
    return this.invitations.invite(caller, groupId, userIds);
  }

  /** The invited user comes in. */
  @Post('invitations/:invitationId/accept')
  @Allow('user')
  @HttpCode(200)
  accept(
    @CurrentCaller() caller: UserCaller,
    @Param('groupId') groupId: string,
    @Param('invitationId') invitationId: string,
  ) {
    return this.invitations.accept(caller, groupId, invitationId);
  }

  /** The invited user does not come in. */
  @Post('invitations/:invitationId/decline')
  @Allow('user')
  @HttpCode(200)
  decline(
    @CurrentCaller() caller: UserCaller,
    @Param('groupId') groupId: string,
    @Param('invitationId') invitationId: string,
  ) {
    return this.invitations.decline(caller, groupId, invitationId);
  }
}

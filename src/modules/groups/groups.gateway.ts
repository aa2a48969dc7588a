import { WebSocketGateway } from '@nestjs/websockets';
import type { UserCaller } from '../../kernel/caller';
import { On } from '../../platform/realtime/on.decorator';
import { CreateGroupDto } from './dto/group.dto';
import {
  GroupIdDto,
  GroupInvitationDto,
  GroupInviteDto,
  GroupJoinDto,
  GroupRejectDto,
  GroupRequestDto,
  GroupUserDto,
} from './dto/group-event.dto';
import { GroupMembersService } from './group-members.service';
import { GroupsService } from './groups.service';
import { InvitationsService } from './invitations.service';
import { JoinRequestsService } from './join-requests.service';

/** The socket's door to groups: each as its REST twin. */
@WebSocketGateway()
export class GroupsGateway {
  constructor(
    private readonly groups: GroupsService,
    private readonly members: GroupMembersService,
    private readonly requests: JoinRequestsService,
    private readonly invitations: InvitationsService,
  ) {}

  @On('group:create')
  create(caller: UserCaller, wanted: CreateGroupDto) {
    return this.groups.create(caller, wanted);
  }

  @On('group:join')
  join(caller: UserCaller, { groupId, message }: GroupJoinDto) {
    return this.requests.join(caller, groupId, message);
  }

  @On('group:leave')
  async leave(caller: UserCaller, { groupId }: GroupIdDto) {
    await this.members.leave(caller, groupId);
    return {};
  }

  @On('group:invite')
  invite(caller: UserCaller, { groupId, userIds }: GroupInviteDto) {
    return this.invitations.invite(caller, groupId, userIds);
  }

  @On('group:accept')
  accept(caller: UserCaller, { groupId, invitationId }: GroupInvitationDto) {
    return this.invitations.accept(caller, groupId, invitationId);
  }

  @On('group:decline')
  decline(caller: UserCaller, { groupId, invitationId }: GroupInvitationDto) {
    return this.invitations.decline(caller, groupId, invitationId);
  }

  @On('group:approve')
  approve(caller: UserCaller, { groupId, requestId }: GroupRequestDto) {
    return this.requests.approve(caller, groupId, requestId);
  }

  @On('group:reject')
  reject(caller: UserCaller, { groupId, requestId, reason }: GroupRejectDto) {
    return this.requests.reject(caller, groupId, requestId, reason);
  }

  @On('group:remove')
  async remove(caller: UserCaller, { groupId, userId }: GroupUserDto) {
    await this.members.remove(caller, groupId, userId);
    return {};
  }

  @On('group:dissolve')
  async dissolve(caller: UserCaller, { groupId }: GroupIdDto) {
    await this.groups.dissolve(caller, groupId);
    return {};
  }
}

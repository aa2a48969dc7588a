import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { Departed } from './departed';
import { GroupAudience } from './group.audience';
import { GroupChanges } from './group-changes';
import { GroupDirectory } from './group-directory';
import { GroupHearers } from './group-hearers';
import { GroupMembersController } from './group-members.controller';
import { GroupMembersRepository } from './group-members.repository';
import { GroupMembersService } from './group-members.service';
import { GroupRequestsController } from './group-requests.controller';
import { GroupRequestsRepository } from './group-requests.repository';
import { GroupsController } from './groups.controller';
import { GroupsGateway } from './groups.gateway';
import { GroupsRepository } from './groups.repository';
import { GroupsService } from './groups.service';
import { InvitationsService } from './invitations.service';
import { JoinRequestsService } from './join-requests.service';
import { ModerationController } from './moderation.controller';
import { ModerationService } from './moderation.service';
import { Newcomers } from './newcomers';
import { ReadersService } from './readers.service';
import { UserGroupsController } from './user-groups.controller';

/** Groups: who is in, as what, and who hears what is said there. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
  controllers: [
    GroupsController,
    GroupMembersController,
    GroupRequestsController,
    ModerationController,
    UserGroupsController,
  ],
  providers: [
    Departed,
    GroupAudience,
    GroupChanges,
    GroupDirectory,
    GroupHearers,
    GroupMembersRepository,
    GroupMembersService,
    GroupRequestsRepository,
    GroupsGateway,
    GroupsRepository,
    GroupsService,
    InvitationsService,
    JoinRequestsService,
    ModerationService,
    Newcomers,
    ReadersService,
  ],
})
export class GroupsModule {}

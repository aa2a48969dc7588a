import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { MembershipAnnouncer } from './live/membership-announcer';
import { AttributesController } from './attributes/attributes.controller';
import { AttributesRepository } from './attributes/attributes.repository';
import { AttributesService } from './attributes/attributes.service';
import { ChatroomAudience } from './members/chatroom.audience';
import { ChatroomChanges } from './rooms/chatroom-changes';
import { ChatroomDirectory } from './rooms/chatroom-directory';
import { ChatroomMembersController } from './members/chatroom-members.controller';
import { ChatroomMembersService } from './members/chatroom-members.service';
import { ChatroomModerationController } from './moderation/chatroom-moderation.controller';
import { ChatroomModerationService } from './moderation/chatroom-moderation.service';
import { ChatroomsController } from './rooms/chatrooms.controller';
import { ChatroomsGateway } from './chatrooms.gateway';
import { ChatroomsRepository } from './rooms/chatrooms.repository';
import { ChatroomsService } from './rooms/chatrooms.service';
import { AttributeCleanup } from './attributes/attribute-cleanup';
import { JoinsService } from './members/joins.service';
import { LiveRooms } from './live/live-rooms';
import { NodeRequests } from './live/node-requests';
import { RoomMaintenance } from './rooms/room-maintenance';
import { RoomHistoryService } from './room-history.service';
import { RoomChangeBroadcaster } from './live/room-change-broadcaster';
import { RoomRates } from './live/room-rates';
import { RosterSync } from './live/roster-sync';
import { RoomStandingsRepository } from './moderation/room-standings.repository';
import { SuperAdminsController } from './moderation/super-admins.controller';
import { SuperAdminsRepository } from './moderation/super-admins.repository';
import { SuperAdminsService } from './moderation/super-admins.service';

/** Chatrooms: their live members, the delivery of their messages, and their moderation. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
  controllers: [
    ChatroomsController,
    ChatroomMembersController,
    ChatroomModerationController,
    AttributesController,
    SuperAdminsController,
  ],
  providers: [
    MembershipAnnouncer,
    AttributesRepository,
    AttributesService,
    ChatroomAudience,
    ChatroomChanges,
    ChatroomDirectory,
    ChatroomMembersService,
    ChatroomModerationService,
    ChatroomsGateway,
    ChatroomsRepository,
    ChatroomsService,
    AttributeCleanup,
    JoinsService,
    LiveRooms,
    NodeRequests,
    RoomMaintenance,
    RoomHistoryService,
    RoomChangeBroadcaster,
    RoomRates,
    RosterSync,
    RoomStandingsRepository,
    SuperAdminsRepository,
    SuperAdminsService,
  ],
})
export class ChatroomsModule {}

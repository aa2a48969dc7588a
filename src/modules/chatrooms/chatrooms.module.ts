import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { Arrivals } from './arrivals';
import { AttributesController } from './attributes.controller';
import { AttributesRepository } from './attributes.repository';
import { AttributesService } from './attributes.service';
import { ChatroomAudience } from './chatroom.audience';
import { ChatroomChanges } from './chatroom-changes';
import { ChatroomDirectory } from './chatroom-directory';
import { ChatroomMembersController } from './chatroom-members.controller';
import { ChatroomMembersService } from './chatroom-members.service';
import { ChatroomModerationController } from './chatroom-moderation.controller';
import { ChatroomModerationService } from './chatroom-moderation.service';
import { ChatroomsController } from './chatrooms.controller';
import { ChatroomsGateway } from './chatrooms.gateway';
import { ChatroomsRepository } from './chatrooms.repository';
import { ChatroomsService } from './chatrooms.service';
import { FleetingAttributes } from './fleeting-attributes';
import { JoinsService } from './joins.service';
import { LiveRooms } from './live-rooms';
import { NodeQuestions } from './node-questions';
import { RoomChores } from './room-chores';
import { RoomHistoryService } from './room-history.service';
import { RoomNews } from './room-news';
import { RoomRates } from './room-rates';
import { RosterExchange } from './roster-exchange';
import { StandingsRepository } from './standings.repository';
import { SuperAdminsController } from './super-admins.controller';
import { SuperAdminsService } from './super-admins.service';

/** Rooms: who is in them now, who hears what is said there, and what is decided about both. */
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
    Arrivals,
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
    FleetingAttributes,
    JoinsService,
    LiveRooms,
    NodeQuestions,
    RoomChores,
    RoomHistoryService,
    RoomNews,
    RoomRates,
    RosterExchange,
    StandingsRepository,
    SuperAdminsService,
  ],
})
export class ChatroomsModule {}

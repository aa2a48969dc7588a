import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { BroadcastsController } from './broadcasts.controller';
import { BroadcastsService } from './broadcasts.service';
import { BusOutage } from './bus-outage';
import { MessageContent } from './content';
import { ConversationLines } from './conversation-lines';
import { ConversationListService } from './conversation-list.service';
import { ConversationsController } from './conversations.controller';
import { Ephemeral } from './ephemeral';
import { HistoryLimits } from './history-limits';
import { HistoryService } from './history.service';
import { MarksService } from './marks.service';
import { MessagesController } from './messages.controller';
import { MessagesService } from './messages.service';
import { MessagingGateway } from './messaging.gateway';
import { OfflineDeliveryWorker } from './offline-delivery.worker';
import { ReadableConversations } from './readable';
import { SignalsService } from './signals.service';
import { SyncService } from './sync.service';
import { UserConversationsController } from './user-conversations.controller';

/** Sending, receipts, history and the conversation list: the use cases over the log. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
  controllers: [MessagesController, ConversationsController, UserConversationsController, BroadcastsController],
  providers: [
    BroadcastsService,
    BusOutage,
    ConversationLines,
    ConversationListService,
    Ephemeral,
    HistoryLimits,
    HistoryService,
    MarksService,
    MessageContent,
    MessagesService,
    MessagingGateway,
    OfflineDeliveryWorker,
    ReadableConversations,
    SignalsService,
    SyncService,
  ],
})
export class MessagingModule {}

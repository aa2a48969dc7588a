import { Module } from '@nestjs/common';
import { AccountsModule } from './modules/accounts';
import { ChatroomsModule } from './modules/chatrooms';
import { ConversationsModule } from './modules/conversations';
import { GroupsModule } from './modules/groups';
import { MessagingModule } from './modules/messaging';
import { PushModule } from './modules/push';
import { TenancyModule } from './modules/tenancy';
import { ConfigModule } from './platform/config/config.module';
import { DatabaseModule } from './platform/database/database.module';
import { DocsModule } from './platform/docs/docs.module';
import { EntryModule } from './platform/entry/entry.module';
import { LifecycleModule } from './platform/lifecycle/lifecycle.module';
import { ObservabilityModule } from './platform/observability/observability.module';
import { QueuesModule } from './platform/queues/queues.module';
import { RealtimeModule } from './platform/realtime/realtime.module';
import { SecretsModule } from './platform/secrets/secrets.module';
import { QuickstartModule } from './quickstart/quickstart.module';

/** The only place that knows every module. API nodes and workers are the same application. */
@Module({
  imports: [
    ConfigModule,
    LifecycleModule,
    DatabaseModule,
    SecretsModule,
    EntryModule,
    RealtimeModule,
    QueuesModule,
    ObservabilityModule,
    DocsModule,
    TenancyModule,
    ConversationsModule,
    AccountsModule,
    GroupsModule,
    ChatroomsModule,
    MessagingModule,
    PushModule,
    QuickstartModule,
  ],
})
export class AppModule {}

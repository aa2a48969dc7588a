import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { BadgeUpdates } from './badge-updates';
import { Badges } from './badges';
import { PushChannels } from './channels';
import { DeadLettersController } from './deliveries/dead-letters.controller';
import { DeadLettersService } from './deliveries/dead-letters.service';
import { DeliveriesController } from './deliveries/deliveries.controller';
import { DeliveriesService } from './deliveries/deliveries.service';
import { CachedPushChannels } from './credentials/cached-channels';
import { KnownCredentials } from './credentials/known-credentials';
import { PushCredentialsController } from './credentials/push-credentials.controller';
import { PushCredentialsRepository } from './credentials/push-credentials.repository';
import { PushCredentials } from './credentials/push-credentials.service';
import { DevicesController } from './devices/devices.controller';
import { DevicesService } from './devices/devices.service';
import { PushDevices } from './devices/push-devices';
import { ExplainController } from './explain/explain.controller';
import { ExplainService } from './explain/explain.service';
import { PushFactsGatherer } from './facts';
import { NoteWriter } from './note-writer';
import { VENDOR_CONTROLLERS, VENDOR_PROVIDERS } from './providers/all-vendors';
import { PushSettings } from './settings/push-settings';
import { PushSettingsController } from './settings/push-settings.controller';
import { PushSettingsService } from './settings/push-settings.service';
import { ExpiredPushes } from './tasks/expired-pushes';
import { FullTasks } from './tasks/full-tasks';
import { PreparedPushes } from './tasks/prepared-pushes';
import { PushChores } from './tasks/push-chores';
import { PushDecider } from './tasks/push-decider';
import { PushFanouts } from './tasks/push-fanouts';
import { PushFollower } from './tasks/push-follower';
import { PushGauges } from './tasks/push-gauges';
import { PushLedger } from './tasks/push-ledger';
import { PushPump } from './tasks/push-pump';
import { PushRecords } from './tasks/push-records';
import { PushSender } from './tasks/push-sender';
import { PushBatches } from './tasks/push-batches';
import { PushTasks } from './tasks/push-tasks';
import { PushUse } from './tasks/push-use';
import { RecipientPages } from './tasks/recipient-pages';

/** Notifications by Apple, Google and others: who gets one, what it says, and what became of it. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
  controllers: [
    DeadLettersController,
    DeliveriesController,
    PushCredentialsController,
    ...VENDOR_CONTROLLERS,
    DevicesController,
    ExplainController,
    PushSettingsController,
  ],
  providers: [
    Badges,
    BadgeUpdates,
    DeadLettersService,
    DeliveriesService,
    DevicesService,
    ExplainService,
    NoteWriter,
    PushDevices,
    PushFactsGatherer,
    PushSettings,
    PushSettingsService,
    ExpiredPushes,
    FullTasks,
    PreparedPushes,
    PushChores,
    PushDecider,
    PushFanouts,
    PushFollower,
    PushGauges,
    PushLedger,
    PushPump,
    PushRecords,
    PushSender,
    PushBatches,
    PushTasks,
    PushUse,
    RecipientPages,
    PushCredentialsRepository,
    KnownCredentials,
    PushCredentials,
    { provide: PushChannels, useClass: CachedPushChannels },
    ...VENDOR_PROVIDERS,
  ],
})
export class PushModule {}

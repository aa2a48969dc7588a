import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts';
import { ConversationsModule } from '../conversations';
import { TenancyModule } from '../tenancy';
import { PushChannels } from './channels';
import { DevicesController } from './devices/devices.controller';
import { DevicesService } from './devices/devices.service';
import { PushDevices } from './devices/push-devices';
import { ExplainController } from './explain/explain.controller';
import { ExplainService } from './explain/explain.service';
import { PushFactsGatherer } from './facts';
import { NoteWriter } from './note-writer';
import { PushSettings } from './settings/push-settings';
import { PushSettingsController } from './settings/push-settings.controller';
import { PushSettingsService } from './settings/push-settings.service';

/** Until vendors are here no app has a credential. */
const NO_VENDORS: Pick<PushChannels, 'states'> = { states: () => Promise.resolve(new Map()) };

/** Notifications by Apple, Google and others: who gets one, what it says, and what became of it. */
@Module({
  imports: [TenancyModule, ConversationsModule, AccountsModule],
  controllers: [DevicesController, ExplainController, PushSettingsController],
  providers: [
    DevicesService,
    ExplainService,
    NoteWriter,
    { provide: PushChannels, useValue: NO_VENDORS },
    PushDevices,
    PushFactsGatherer,
    PushSettings,
    PushSettingsService,
  ],
})
export class PushModule {}

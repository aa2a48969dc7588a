import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../../platform/queues/housekeeping';
import { Retention } from '../conversations';
import { Apps } from '../tenancy';

/** Where an app or its plan limits how long messages are kept, older ones are forgotten, within minutes of their day. */
@Injectable()
export class HistoryLimits {
  constructor(housekeeping: Housekeeping, retention: Retention, apps: Apps) {
    housekeeping.add({
      name: 'messages beyond their limit',
      run: async (tidy) => {
        const { messages, rooms } = await apps.historyDays();
        return retention.round(messages, tidy, rooms);
      },
    });
  }
}

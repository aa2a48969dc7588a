import { Injectable } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { Housekeeping } from '../../../platform/queues/housekeeping';
import { PushRecords } from './push-records';
import { PushTasks } from './push-tasks';

const DAY_MS = 86_400_000;

/** Forgets how pushes ended after a while, and what devices were last told. */
@Injectable()
export class PushChores {
  constructor(housekeeping: Housekeeping, records: PushRecords, { limits }: Settings) {
    housekeeping.add({
      name: 'old push records',
      run: async (tidy) => {
        const last = await records.lastBefore(new Date(Date.now() - limits.pushRecordDays * DAY_MS));
        return last > 0 ? tidy('DELETE FROM push_deliveries WHERE id <= ? ORDER BY id LIMIT ?', [last]) : 0;
      },
    });
    housekeeping.add({
      name: 'closed push tasks',
      run: (tidy) => tidy(PushTasks.OLD, [new Date(Date.now() - DAY_MS)]),
    });
  }
}

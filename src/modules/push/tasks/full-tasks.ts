import { Injectable } from '@nestjs/common';
import type { SqlTransaction } from '../../../platform/database/sql';
import { type PushRecord, PushRecords } from './push-records';
import type { PushTaskRow } from './push-task.entity';

/** So many messages wait for one notification, and those of one page besides: each of them makes the row longer. */
const SEQS_MAX = 500;
/** Whether a row of push_tasks holds so many. No number is shorter than one digit: short rows are not even counted. */
export const IS_FULL = `(LENGTH(seqs) >= ${2 * SEQS_MAX} AND LENGTH(seqs) - LENGTH(REPLACE(seqs, ',', '')) >= ${SEQS_MAX})`;

type FullTask = Readonly<
  Pick<PushTaskRow, 'id' | 'appPk' | 'userPk' | 'devicePk' | 'deviceId' | 'provider' | 'conversationPk' | 'seqs'>
>;

/**
 * Makes room in tasks that could not be sent for long while more and more joined them. What waits longest ends as
 * `superseded`: the notification tells of the latest, and its badge counts all of them.
 */
@Injectable()
export class FullTasks {
  constructor(private readonly records: PushRecords) {}

  /** The ends that it wrote. */
  async makeRoom(tx: SqlTransaction, ids: readonly number[]): Promise<PushRecord[]> {
    if (ids.length === 0) return [];
    const sorted = [...ids].sort((a, b) => a - b);
    const tasks = await tx.rows<FullTask>(
      `SELECT id, appPk, userPk, devicePk, deviceId, provider, conversationPk, seqs FROM push_tasks
        WHERE id IN (?) AND ${IS_FULL} ORDER BY id FOR UPDATE`,
      [sorted],
    );
    const superseded = tasks.flatMap(recordsOf);
    if (superseded.length === 0) return [];
    tx.later(`UPDATE push_tasks SET seqs = CONCAT(',', SUBSTRING_INDEX(seqs, ',', -${SEQS_MAX})) WHERE id IN (?)`, [
      tasks.map(({ id }) => id),
    ]);
    this.records.add(tx, superseded);
    return superseded;
  }
}

function recordsOf({ seqs, appPk, userPk, devicePk, deviceId, provider, conversationPk }: FullTask): PushRecord[] {
  const waiting = seqs.split(',').slice(1).map(Number);
  const kept = new Set(waiting.slice(-SEQS_MAX));
  const ended = new Set(waiting.slice(0, -SEQS_MAX).filter((seq) => !kept.has(seq)));
  const device = { pk: devicePk, deviceId, provider };
  return [...ended].map((seq) => ({
    ...{ appPk, userPk, conversationPk, seq, device },
    status: 'suppressed',
    reason: 'superseded',
  }));
}

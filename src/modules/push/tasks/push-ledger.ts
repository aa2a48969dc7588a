import { Injectable } from '@nestjs/common';
import type { PushDevice } from '../devices/push-devices';
import { GroupCommit, type Outcome } from '../../../platform/database/group-commit';
import { Sql } from '../../../platform/database/sql';
import { Drainables } from '../../../platform/lifecycle/drainables';
import type { DeliveryStatus } from './push-delivery.entity';
import { type PushRecord, PushRecords } from './push-records';
import { type ClaimedTask, type Kept, PushTasks } from './push-tasks';

/** What became of messages of a task: their end, or a later attempt. */
export type TaskEnd = {
  readonly task: ClaimedTask;
  /** Those of its messages that it is about; all of them when absent. */
  readonly seqs?: readonly number[];
  /** Since when the oldest of the others is owed; now when absent, because they joined meanwhile. */
  readonly restSince?: Date;
  readonly device?: Pick<PushDevice, 'deviceId' | 'provider'>;
} & (
  | { readonly status: DeliveryStatus; readonly reason?: string; readonly providerId?: string }
  | {
      readonly status: 'later';
      readonly afterMs: number;
      readonly reason: string;
      /** Nobody was asked: it is no attempt. */
      readonly untried?: true;
    }
);

const BATCH_MAX = 500;

/**
 * Writes what became of tasks, many in one transaction: the record and the closed task together, so that a push is
 * either still owed or has its one end. What joined a task while it was under way stays open.
 */
@Injectable()
export class PushLedger {
  private readonly queue = new GroupCommit<TaskEnd, void>({
    run: (ends) => this.write(ends),
    lane: ({ task }) => task.id,
    batchMax: BATCH_MAX,
    inFlightMax: 2,
    queueMax: 50_000,
    laneMax: 4,
  });

  constructor(
    private readonly sql: Sql,
    private readonly tasks: PushTasks,
    private readonly records: PushRecords,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => this.queue.drained());
  }

  /** Resolves after COMMIT. When it rejects, the task is driven again at the end of its lease. */
  settle(end: TaskEnd): Promise<void> {
    return this.queue.submit(end);
  }

  private async write(ends: TaskEnd[]): Promise<Outcome<void>[]> {
    const records = await this.sql.transaction(async (tx) => {
      const locked = await this.tasks.lock(
        tx,
        ends.map(({ task }) => task.id),
      );
      const written: PushRecord[] = [];
      const closed = { sent: [] as number[], other: [] as number[] };
      const kept = new Map<string, { appPk: number; sent: boolean; tasks: Kept[] }>();
      for (const end of ends) {
        const now = locked.get(end.task.id) ?? [];
        if (end.status === 'later') continue;
        const about = new Set(end.seqs ?? end.task.seqs);
        const ended = now.filter((seq) => about.has(seq));
        // Somebody whose lease had ended was here before: what it wrote stands.
        if (ended.length === 0) continue;
        written.push(...recordsOf(end, ended));
        const left = now.filter((seq) => !about.has(seq));
        const sent = end.status === 'sent';
        const { id, appPk } = end.task;
        if (left.length === 0) closed[sent ? 'sent' : 'other'].push(id);
        else {
          const key = `${appPk} ${sent}`;
          const same = kept.get(key) ?? { appPk, sent, tasks: [] };
          same.tasks.push({ id, seqs: left, since: end.restSince });
          kept.set(key, same);
        }
      }
      this.tasks.close(tx, closed.sent, true);
      this.tasks.close(tx, closed.other, false);
      this.records.add(tx, written);
      for (const { appPk, sent, tasks } of kept.values()) await this.tasks.keep(tx, appPk, tasks, sent);
      await this.tasks.postpone(tx, ends.flatMap(postponed));
      return written;
    });
    this.records.count(records);
    return ends.map(() => ({ ok: undefined }));
  }
}

const postponed = (end: TaskEnd) =>
  end.status === 'later'
    ? [
        {
          id: end.task.id,
          appPk: end.task.appPk,
          afterMs: end.afterMs,
          reason: end.reason,
          untried: end.untried === true,
        },
      ]
    : [];

function recordsOf(end: TaskEnd, seqs: readonly number[]): PushRecord[] {
  if (end.status === 'later') return [];
  const { task, device, status, reason, providerId } = end;
  const { appPk, userPk, conversationPk } = task;
  // A device that was bound again since may have another vendor's token.
  const { deviceId, provider } = device ?? task;
  const pushed = { pk: task.devicePk, deviceId, provider };
  return seqs.map((seq) => ({ appPk, conversationPk, seq, userPk, device: pushed, status, reason, providerId }));
}

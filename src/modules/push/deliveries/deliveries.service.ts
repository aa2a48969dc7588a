import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../../kernel/caller';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { Sql } from '../../../platform/database/sql';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { UserCards, UserDirectory } from '../../accounts';
import { MessageIds } from '../../conversations';
import type { ProviderName } from '../provider';
import type { DeliveryStatus } from '../tasks/push-delivery.entity';
import { PushPump } from '../tasks/push-pump';
import { PushRecords, type RecordFilter, type StoredRecord } from '../tasks/push-records';
import { type NewTask, PushTasks } from '../tasks/push-tasks';
import type { DeliveriesQuery, ReplayDto } from './deliveries.dto';

/** What became of the push of one message to one device, or why its recipient got none. */
export interface DeliveryView {
  deliveryId: string;
  messageId: string;
  userId: string;
  /** Absent where it was decided for the user, whatever its devices. */
  deviceId?: string;
  provider?: ProviderName;
  status: DeliveryStatus;
  reason?: string;
  providerId?: string;
  at: string;
}

const REPLAYED_AT_ONCE = 500;

/** How pushes ended, for the app they belong to; and those that failed, once more. */
@Injectable()
export class DeliveriesService {
  constructor(
    private readonly sql: Sql,
    private readonly records: PushRecords,
    private readonly tasks: PushTasks,
    private readonly pump: PushPump,
    private readonly ids: MessageIds,
    private readonly directory: UserDirectory,
    private readonly cards: UserCards,
    private readonly pages: Pages,
  ) {}

  /** The newest first. @throws AppError USER_NOT_FOUND, INVALID_REQUEST when nothing is named */
  async list({ app }: AppCaller, query: DeliveriesQuery): Promise<Page<DeliveryView>> {
    const limit = limitOf(query);
    const [before] = readCursor(query.cursor, 'number') ?? [];
    const filter = await this.filterOf(app.pk, query);
    if (!filter) return { items: [] };
    const rows = await this.records.page(app.pk, filter, before, limit + 1);
    const users = await this.cards.of(
      app.pk,
      rows.map(({ userPk }) => userPk),
    );
    return this.pages.of(
      rows,
      limit,
      ({ id }) => [id],
      (row) => this.view(row, users.get(row.userPk)?.userId ?? ''),
    );
  }

  /** Opens failed pushes again, up to 500 a call; they get another end. Answers how many. */
  async replay({ app }: AppCaller, { deliveryIds, reason }: ReplayDto): Promise<{ replayed: number }> {
    const ids = deliveryIds?.map(Number) ?? (await this.failed(app.pk, reason));
    if (ids.length === 0) return { replayed: 0 };
    const { replayed, superseded } = await this.sql.transaction(async (tx) => {
      const taken = await this.records.takeFailed(tx, app.pk, ids);
      const seqs = new Map<string, NewTask & { seqs: number[] }>();
      for (const { userPk, devicePk, deviceId, provider, conversationPk, seq } of taken) {
        const key = `${devicePk}:${conversationPk}`;
        const device = { devicePk, deviceId, provider };
        const task = seqs.get(key) ?? { appPk: app.pk, userPk, ...device, conversationPk, seqs: [], mentioned: false };
        task.seqs.push(seq);
        seqs.set(key, task);
      }
      const superseded = await this.tasks.open(tx, app.pk, [...seqs.values()]);
      return { replayed: taken.length, superseded };
    });
    this.records.count(superseded);
    if (replayed > 0) this.pump.collect(app.pk);
    return { replayed };
  }

  private async failed(appPk: number, reason: string | undefined): Promise<number[]> {
    const rows = await this.records.page(appPk, { status: 'failed', reason }, undefined, REPLAYED_AT_ONCE);
    return rows.filter(({ devicePk }) => devicePk > 0).map(({ id }) => id);
  }

  /** Undefined when there can be none. */
  private async filterOf(appPk: number, query: DeliveriesQuery): Promise<RecordFilter | undefined> {
    const { userId, messageId, status } = query;
    if (userId === undefined && messageId === undefined && status === undefined)
      throw invalid('userId', 'Name a userId, a messageId or a status.');
    const userPk = userId === undefined ? undefined : (await this.directory.find(appPk, userId))?.userPk;
    if (userId !== undefined && userPk === undefined) throw new AppError('USER_NOT_FOUND', { field: 'userId' });
    const message = messageId === undefined ? undefined : this.ids.read(messageId);
    if (messageId !== undefined && !message) return undefined;
    return { userPk, message, status };
  }

  private view(row: StoredRecord, userId: string): DeliveryView {
    return {
      deliveryId: String(row.id),
      messageId: this.ids.prefix(row.conversationPk) + row.seq.toString(36),
      userId,
      ...(row.deviceId !== null && { deviceId: row.deviceId }),
      ...(row.provider !== null && { provider: row.provider }),
      status: row.status,
      ...(row.reason !== null && { reason: row.reason }),
      ...(row.providerId !== null && { providerId: row.providerId }),
      at: row.at.toISOString(),
    };
  }
}

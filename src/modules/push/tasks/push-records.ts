import { Injectable } from '@nestjs/common';
import { RowsText } from '../../../platform/database/rows-text';
import { Sql, type SqlExecutor, type SqlTransaction, type SqlValue } from '../../../platform/database/sql';
import type { ProviderName } from '../provider';
import { type DeliveryStatus, STATUS_CODES } from './push-delivery.entity';
import { pushMetrics } from './push-metrics';

/** How it ended for one message and one recipient, or one of its devices. */
export interface PushRecord {
  readonly appPk: number;
  readonly conversationPk: number;
  readonly seq: number;
  readonly userPk: number;
  readonly device?: { readonly pk: number; readonly deviceId: string | null; readonly provider: ProviderName | null };
  readonly status: DeliveryStatus;
  readonly reason?: string;
  readonly providerId?: string;
}

export interface StoredRecord {
  readonly id: number;
  readonly conversationPk: number;
  readonly seq: number;
  readonly userPk: number;
  readonly devicePk: number;
  readonly deviceId: string | null;
  readonly provider: ProviderName | null;
  readonly status: DeliveryStatus;
  readonly reason: string | null;
  readonly providerId: string | null;
  readonly at: Date;
}

/** What one asks for; at least one of them. */
export interface RecordFilter {
  readonly userPk?: number;
  readonly message?: { readonly conversationPk: number; readonly seq: number };
  readonly status?: DeliveryStatus;
  /** A reason as it stands, up to its first colon: `refused` finds `refused: PayloadTooLarge`. */
  readonly reason?: string;
}

const STATUSES = new Map<number, DeliveryStatus>(
  Object.entries(STATUS_CODES).map(([status, code]) => [code, status as DeliveryStatus]),
);
const COLUMNS = 'id, conversationPk, seq, userPk, devicePk, deviceId, provider, status, reason, providerId, at';

/** Every push's one end, written once: a second one for the same message and device is not stored. */
@Injectable()
export class PushRecords {
  constructor(private readonly sql: Sql) {}

  add(tx: SqlTransaction, records: readonly PushRecord[]): void {
    if (records.length === 0) return;
    const rows = records.map((record) => [
      record.appPk,
      record.conversationPk,
      record.seq,
      record.userPk,
      record.device?.pk ?? 0,
      record.device?.deviceId ?? null,
      record.device?.provider ?? null,
      STATUS_CODES[record.status],
      record.reason?.slice(0, 191) ?? null,
      record.providerId?.slice(0, 191) ?? null,
    ]);
    tx.later(
      `INSERT INTO push_deliveries
          (appPk, conversationPk, seq, userPk, devicePk, deviceId, provider, status, reason, providerId) VALUES ?
        ON DUPLICATE KEY UPDATE at = at`,
      [new RowsText(rows)],
    );
  }

  /** Counts what was committed. */
  count(records: readonly PushRecord[]): void {
    for (const { status, reason } of records) pushMetrics.ended(status, reason);
  }

  /** The newest first. */
  async page(appPk: number, filter: RecordFilter, before: number | undefined, limit: number): Promise<StoredRecord[]> {
    const conditions = ['appPk = ?'];
    const values: SqlValue[] = [appPk];
    const and = (condition: string, ...more: SqlValue[]): void => {
      conditions.push(condition);
      values.push(...more);
    };
    if (filter.userPk !== undefined) and('userPk = ?', filter.userPk);
    if (filter.message) and('conversationPk = ? AND seq = ?', filter.message.conversationPk, filter.message.seq);
    if (filter.status) and('status = ?', STATUS_CODES[filter.status]);
    if (filter.reason !== undefined) and("SUBSTRING_INDEX(reason, ':', 1) = ?", filter.reason);
    if (before !== undefined) and('id < ?', before);
    const rows = await this.sql.rows<Omit<StoredRecord, 'status'> & { status: number }>(
      `SELECT ${COLUMNS} FROM push_deliveries WHERE ${conditions.join(' AND ')} ORDER BY id DESC LIMIT ?`,
      [...values, limit],
    );
    return rows.map(({ status, ...row }) => ({ ...row, status: STATUSES.get(status) ?? 'failed' }));
  }

  /** Takes failed records of devices out, so that their pushes can be tried again; locked until the end of `tx`. */
  async takeFailed(tx: SqlExecutor, appPk: number, ids: readonly number[]): Promise<StoredRecord[]> {
    const rows = await tx.rows<Omit<StoredRecord, 'status'>>(
      `SELECT ${COLUMNS} FROM push_deliveries
        WHERE id IN (?) AND appPk = ? AND status = ? AND devicePk > 0 ORDER BY id FOR UPDATE`,
      [[...ids], appPk, STATUS_CODES.failed],
    );
    if (rows.length > 0) await tx.run('DELETE FROM push_deliveries WHERE id IN (?)', [rows.map(({ id }) => id)]);
    return rows.map((row) => ({ ...row, status: 'failed' }));
  }

  /** The greatest id of records older than this: ids rise with time, so a few look-ups find it. */
  async lastBefore(time: Date): Promise<number> {
    const [ends] = await this.sql.rows<{ low: number | null; high: number | null }>(
      'SELECT MIN(id) AS low, MAX(id) AS high FROM push_deliveries',
    );
    let low = (ends?.low ?? 1) - 1;
    let high = ends?.high ?? 0;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const [row] = await this.sql.rows<{ id: number; at: Date }>(
        'SELECT id, at FROM push_deliveries WHERE id <= ? ORDER BY id DESC LIMIT 1',
        [middle],
      );
      if (row && row.at >= time) high = row.id - 1;
      else low = middle;
    }
    return low;
  }
}

import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { GroupCommit, type Outcome } from '../../platform/database/group-commit';
import { Sql, type SqlExecutor, type SqlValue } from '../../platform/database/sql';
import { BindingBatch, type BatchUser, type BindRequest, type BoundRow, type Seat } from './binding-batch';
import { DeviceLogins } from './device-logins';
import type { SessionEndReason } from './session.entity';

/** What a connection was bound to, and whom it drove out. */
export interface Binding {
  readonly sessionPk: number;
  readonly sessionId: string;
  readonly authVersion: number;
  /** The session was bound before: an older connection of it may still be there, on any node. */
  readonly again: boolean;
  readonly ended: { readonly sessionPk: number; readonly reason: SessionEndReason }[];
}

/**
 * Binds connecting devices to sessions under the users' rows, up to 64 at once: one transaction of four to seven
 * statements, whatever their number. A reconnect that changes nothing writes nothing.
 */
@Injectable()
export class SessionBinder {
  private readonly commits = new GroupCommit<BindRequest, Binding>({
    run: (batch) => this.run(batch),
    lane: ({ userPk }) => userPk,
    batchMax: 64,
    inFlightMax: 2,
    queueMax: 5000,
    laneMax: 500,
  });

  constructor(
    private readonly sql: Sql,
    private readonly deviceLogins: DeviceLogins,
  ) {}

  /** Throws TOKEN_REVOKED, USER_DEACTIVATED, BUSY or RETRY. */
  bind(request: BindRequest): Promise<Binding> {
    return this.commits.submit(request);
  }

  private run(requests: BindRequest[]): Promise<Outcome<Binding>[]> {
    return this.sql.transaction(async (tx) => {
      const batch = await this.read(tx, requests);
      const seats = requests.map((request) => batch.seat(request));
      await this.write(tx, batch);
      return seats.map((seat) => outcomeOf(seat, batch));
    });
  }

  private async read(tx: SqlExecutor, requests: BindRequest[]): Promise<BindingBatch> {
    const userPks = [...new Set(requests.map(({ userPk }) => userPk))].sort((a, b) => a - b);
    const users = await tx.rows<BatchUser>(
      'SELECT id, status, tokenVersion, authVersion, NOW(3) AS now FROM users WHERE id IN (?) ORDER BY id FOR UPDATE',
      [userPks],
    );
    const columns = `id, appPk, userPk, sessionId, loginId, deviceId, platform, boundAt, expiresAt, endedAt, endReason, endedBy`;
    const rows = await tx.rows<BoundRow>(
      `SELECT ${columns} FROM sessions WHERE userPk IN (?) AND endedAt IS NULL AND deviceId IS NOT NULL
         AND expiresAt > NOW(3)
       UNION SELECT ${columns} FROM sessions WHERE loginId IN (?)`,
      [userPks, [...new Set(requests.map(({ loginId }) => loginId))]],
    );
    return new BindingBatch(users, rows);
  }

  private async write(tx: SqlExecutor, batch: BindingBatch): Promise<void> {
    const changed = batch.changed();
    if (changed.length === 0) return;
    await tx.run(UPSERT, [changed.map(valuesOf)]);
    const made = new Map(changed.filter(({ id }) => id === null).map((row) => [row.sessionId, row]));
    if (made.size > 0) {
      const keys = await tx.rows<{ id: number; sessionId: string }>(
        'SELECT id, sessionId FROM sessions WHERE sessionId IN (?)',
        [[...made.keys()]],
      );
      for (const { id, sessionId } of keys) (made.get(sessionId) as BoundRow).id = id;
    }
    const touched = batch.usersWithLosers();
    if (touched.length > 0) await tx.run('UPDATE users SET authVersion = authVersion + 1 WHERE id IN (?)', [touched]);
    for (const [userPk, deviceIds] of batch.devicesDrivenOut()) {
      await this.deviceLogins.end(tx, { userPk, reason: 'multi-login', all: false, loginIds: [], deviceIds });
    }
  }
}

/** Rows that exist come with their key, held by the users' locks; new ones have none. */
const UPSERT = `INSERT INTO sessions
    (id, appPk, userPk, sessionId, loginId, deviceId, platform, boundAt, expiresAt, endedAt, endReason, endedBy) VALUES ?
  ON DUPLICATE KEY UPDATE deviceId = VALUES(deviceId), platform = VALUES(platform), boundAt = VALUES(boundAt),
    endedAt = VALUES(endedAt), endReason = VALUES(endReason), endedBy = VALUES(endedBy)`;

const valuesOf = (row: BoundRow): SqlValue[] => [
  row.id,
  row.appPk,
  row.userPk,
  row.sessionId,
  row.loginId,
  row.deviceId,
  row.platform,
  row.boundAt,
  row.expiresAt,
  row.endedAt,
  row.endReason,
  row.endedBy,
];

function outcomeOf(seat: Seat | AppError, batch: BindingBatch): Outcome<Binding> {
  if (seat instanceof AppError) return { error: seat };
  const { row } = seat;
  // Driven out again by a later one of the same batch: it never was connected, so it is refused instead of kicked.
  if (row.endedAt) return { error: new AppError('TOKEN_REVOKED', { details: { reason: row.endReason } }) };
  return {
    ok: {
      sessionPk: row.id as number,
      sessionId: row.sessionId,
      authVersion: batch.authVersionOf(row.userPk),
      again: seat.again,
      ended: seat.ended.map((loser) => ({
        sessionPk: loser.id as number,
        reason: loser.endReason as SessionEndReason,
      })),
    },
  };
}

import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { GroupCommit, type Outcome } from '../../platform/database/group-commit';
import { Sql, type SqlTransaction, type SqlValue } from '../../platform/database/sql';
import { BindingBatch, type BatchUser, type BindRequest, type BoundRow, type Seat } from './binding-batch';
import { DeviceLogins } from './device-logins';
import { ENTRANCE } from './entrance';
import { SessionTrim } from './session-trim';
import type { SessionEndReason } from './session.entity';
import { UserDirectory, type KnownUser, type Named } from './user-directory';

/** A device that wants to connect with a proven token of a user, of whom nothing is known yet. */
export interface Arrival extends Omit<BindRequest, 'userPk'> {
  readonly userId: string;
  /** Whether the client has left while this waited: then it must not drive out the connection that it made instead. */
  readonly gone: () => boolean;
}

/** What a connection was bound to, and whom it drove out. */
export interface Binding {
  readonly user: Named;
  readonly sessionPk: number;
  readonly sessionId: string;
  readonly authVersion: number;
  /** Greater than that of every socket that came in on this session before. */
  readonly generation: number;
  /** The session was bound before: an older connection of it may still be there, on any node. */
  readonly again: boolean;
  readonly ended: { readonly sessionPk: number; readonly reason: SessionEndReason }[];
}

/**
 * Binds connecting devices to sessions under the users' rows, up to 64 at once: who they are in one statement, then one
 * transaction of two round trips, whatever their number. When many connect
 * they come in batches 10 ms apart: what is done with a batch costs more than all that is done for each in it.
 */
@Injectable()
export class SessionBinder {
  private readonly commits = new GroupCommit<Arrival, Binding>({
    run: (batch) => this.run(batch),
    lane: ({ appPk, userId }) => `${appPk}:${userId}`,
    batchMax: 64,
    ...ENTRANCE,
  });

  constructor(
    private readonly sql: Sql,
    private readonly directory: UserDirectory,
    private readonly deviceLogins: DeviceLogins,
    private readonly trim: SessionTrim,
  ) {}

  /** Throws TOKEN_REVOKED, USER_DEACTIVATED, BUSY or RETRY. */
  bind(arrival: Arrival): Promise<Binding> {
    return this.commits.submit(arrival);
  }

  private async run(arrivals: Arrival[]): Promise<Outcome<Binding>[]> {
    const found = await Promise.all(arrivals.map(({ appPk, userId }) => this.directory.find(appPk, userId)));
    const users = found.map((user, index) => (arrivals[index].gone() ? undefined : user));
    const requests = arrivals.flatMap((arrival, index) => requestOf(arrival, users[index]) ?? []);
    const bound = requests.length > 0 ? await this.store(requests) : [];
    let next = 0;
    return users.map((user, index) => {
      if (user) return outcomeOf(user, bound[next++]);
      return { error: new AppError(found[index] ? 'RETRY' : 'TOKEN_REVOKED') };
    });
  }

  private async store(requests: BindRequest[]): Promise<Bound[]> {
    const opened: BoundRow[] = [];
    const bound = await this.sql.transaction(async (tx) => {
      const batch = await this.read(tx, requests);
      const seats = requests.map((request) => batch.seat(request));
      opened.length = 0;
      opened.push(...(await this.write(tx, batch)));
      return seats.map((seat, index) => ({ seat, authVersion: batch.authVersionOf(requests[index].userPk) }));
    });
    for (const { appPk, userPk } of opened) this.trim.made(appPk, userPk);
    return bound;
  }

  /** What can matter of the sessions of users and logins, whatever else they have ended; read behind their locks in the same round trip. */
  private async read(tx: SqlTransaction, requests: BindRequest[]): Promise<BindingBatch> {
    const userPks = [...new Set(requests.map(({ userPk }) => userPk))].sort((a, b) => a - b);
    const loginIds = [...new Set(requests.map(({ loginId }) => loginId))];
    const [users, roots, own, onDevices] = await Promise.all([
      tx.rows<BatchUser>(
        'SELECT id, status, tokenVersion, authVersion, NOW(3) AS now FROM users WHERE id IN (?) ORDER BY id FOR UPDATE',
        [userPks],
      ),
      tx.rows<BoundRow>(`${SESSIONS} WHERE sessionId IN (?)`, [loginIds]),
      tx.rows<BoundRow>(
        `${SESSIONS} WHERE ${requests.map(() => '(loginId = ? AND deviceId = ?)').join(' OR ')}`,
        requests.flatMap(({ loginId, deviceId }) => [loginId, deviceId]),
      ),
      tx.rows<BoundRow>(
        `${SESSIONS} WHERE userPk IN (?) AND endedAt IS NULL AND deviceId IS NOT NULL AND expiresAt > NOW(3)`,
        [userPks],
      ),
    ]);
    // Most are in several answers.
    const rows = new Map([...roots, ...own, ...onDevices].map((row) => [row.id, row]));
    return new BindingBatch(users, rows.values());
  }

  /** @returns the rows that are new */
  private async write(tx: SqlTransaction, batch: BindingBatch): Promise<BoundRow[]> {
    const changed = batch.changed();
    if (changed.length === 0) return [];
    tx.later(UPSERT, [changed.map(valuesOf)]);
    const touched = batch.usersWithLosers();
    if (touched.length > 0) tx.later('UPDATE users SET authVersion = authVersion + 1 WHERE id IN (?)', [touched]);
    const made = new Map(changed.filter(({ id }) => id === null).map((row) => [row.sessionId, row]));
    if (made.size > 0) {
      const keys = await tx.rows<{ id: number; sessionId: string }>(
        'SELECT id, sessionId FROM sessions WHERE sessionId IN (?)',
        [[...made.keys()]],
      );
      for (const { id, sessionId } of keys) (made.get(sessionId) as BoundRow).id = id;
    }
    for (const [userPk, deviceIds] of batch.devicesDrivenOut()) {
      await this.deviceLogins.end(tx, { userPk, reason: 'multi-login', all: false, loginIds: [], deviceIds });
    }
    return [...made.values()];
  }
}

interface Bound {
  readonly seat: Seat | AppError;
  readonly authVersion: number;
}

const COLUMNS =
  'id, appPk, userPk, sessionId, loginId, deviceId, platform, boundAt, generation, expiresAt, endedAt, endReason, endedBy';
const SESSIONS = `SELECT ${COLUMNS} FROM sessions`;

/** Rows that exist come with their key, held by the users' locks; new ones have none. */
const UPSERT = `INSERT INTO sessions (${COLUMNS}) VALUES ?
  ON DUPLICATE KEY UPDATE deviceId = VALUES(deviceId), platform = VALUES(platform), boundAt = VALUES(boundAt),
    generation = VALUES(generation), endedAt = VALUES(endedAt), endReason = VALUES(endReason), endedBy = VALUES(endedBy)`;

const valuesOf = (row: BoundRow): SqlValue[] => [
  row.id,
  row.appPk,
  row.userPk,
  row.sessionId,
  row.loginId,
  row.deviceId,
  row.platform,
  row.boundAt,
  row.generation,
  row.expiresAt,
  row.endedAt,
  row.endReason,
  row.endedBy,
];

function requestOf(arrival: Arrival, user: KnownUser | undefined): BindRequest | undefined {
  if (!user) return undefined;
  const { policy, loginId, tokenVersion, deviceId, platform } = arrival;
  return { appPk: user.appPk, policy, userPk: user.userPk, loginId, tokenVersion, deviceId, platform };
}

function outcomeOf(user: Named, { seat, authVersion }: Bound): Outcome<Binding> {
  if (seat instanceof AppError) return { error: seat };
  const { row, generation, again } = seat;
  // Driven out again by a later one of the same batch: it never was connected, so it is refused instead of kicked.
  if (row.endedAt) return { error: new AppError('TOKEN_REVOKED', { details: { reason: row.endReason } }) };
  return {
    ok: {
      user,
      sessionPk: row.id as number,
      sessionId: row.sessionId,
      authVersion,
      generation,
      again,
      ended: seat.ended.map((loser) => ({
        sessionPk: loser.id as number,
        reason: loser.endReason as SessionEndReason,
      })),
    },
  };
}

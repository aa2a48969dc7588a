import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';
import { type LoginRow, seatOf } from './login-rules';
import type { SessionEndReason } from './session.entity';
import type { UserStatus } from './user.entity';

/** Logins of one user that end in the transaction at hand. */
export interface LoginsEnding {
  readonly userPk: number;
  readonly reason: SessionEndReason;
  /** The login that goes on while all others end; absent when it is only about those named here, or when all end. */
  readonly exceptLoginId?: string;
  /** All of them: nothing that hung on a login of this user may stay. */
  readonly all: boolean;
  readonly loginIds: readonly string[];
  /** The devices of those logins. Another login of the user may stand on the same device. */
  readonly deviceIds: readonly string[];
}

/** Keeps something that must not outlive a login on a device. Called inside the transaction, under the user's row. */
export interface KeptWithLogin {
  loginsEnd(tx: SqlExecutor, ending: LoginsEnding): Promise<void>;
}

/** What hangs on a login on a device: upper modules register it, and hear of every end in the transaction that ends it. */
@Injectable()
export class DeviceLogins {
  private readonly kept: KeptWithLogin[] = [];

  register(kept: KeptWithLogin): void {
    this.kept.push(kept);
  }

  async end(tx: SqlExecutor, ending: LoginsEnding): Promise<void> {
    for (const each of this.kept) await each.loginsEnd(tx, ending);
  }

  /**
   * Holds the user's row and answers which login speaks for this device, so that what is written next cannot pass the
   * login's end. Throws TOKEN_REVOKED or USER_DEACTIVATED.
   */
  async hold(tx: SqlExecutor, { app, userPk, sessionPk }: UserCaller, deviceId: string): Promise<string> {
    const [user] = await tx.rows<{ status: UserStatus }>(
      'SELECT status FROM users WHERE id = ? AND appPk = ? FOR UPDATE',
      [userPk, app.pk],
    );
    if (user?.status === 'deactivated') throw new AppError('USER_DEACTIVATED');
    const [login] = await tx.rows<{ loginId: string }>('SELECT loginId FROM sessions WHERE id = ? AND userPk = ?', [
      sessionPk,
      userPk,
    ]);
    const rows = login ? await this.rowsThatCount(tx, userPk, login.loginId, deviceId) : [];
    if (user?.status !== 'active' || !login || !seatOf(rows, deviceId)) throw new AppError('TOKEN_REVOKED');
    return login.loginId;
  }

  /** The login's own row, the device's, and those that live; whatever else ended does not matter. */
  private rowsThatCount(tx: SqlExecutor, userPk: number, loginId: string, deviceId: string): Promise<LoginRow[]> {
    const columns = 'sessionId, loginId, deviceId, endedAt, endReason';
    return tx.rows<LoginRow>(
      `SELECT ${columns} FROM sessions WHERE sessionId = ?
       UNION SELECT ${columns} FROM sessions WHERE loginId = ? AND deviceId = ?
       UNION SELECT ${columns} FROM sessions WHERE userPk = ? AND endedAt IS NULL AND loginId = ?`,
      [loginId, loginId, deviceId, userPk, loginId],
    );
  }
}

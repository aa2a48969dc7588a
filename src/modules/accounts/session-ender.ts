import { Injectable } from '@nestjs/common';
import type { KickReason } from '../../kernel/contracts/bus-frames';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import { Live } from '../../platform/realtime/live';
import { DeviceLogins } from './device-logins';
import type { SessionEndReason } from './session.entity';

/** Which of a user's logins: all of them, all but one, or one. */
export type WhichLogins = { all: true; exceptLoginId?: string } | { loginId: string };

/** Sessions ended in a transaction, to be told once it is committed. */
export interface EndedSessions {
  readonly appPk: number;
  readonly userPk: number;
  readonly sessionPks: number[];
  readonly reason: SessionEndReason;
}

interface EndingRow {
  id: number;
  endedAt: Date | null;
  loginId: string;
  deviceId: string | null;
}

const KICK_REASON: Record<SessionEndReason, KickReason> = {
  'multi-login': 'multi-login',
  replaced: 'replaced',
  logout: 'revoked',
  revoked: 'revoked',
  deactivated: 'deactivated',
  deleted: 'deleted',
};

/** Ends logins: their tokens are refused at once, their sockets are told why and closed. */
@Injectable()
export class SessionEnder {
  constructor(
    private readonly sql: Sql,
    private readonly live: Live,
    private readonly deviceLogins: DeviceLogins,
  ) {}

  /** Ends and tells. Answers how many sessions were live. */
  async end(appPk: number, userPk: number, which: WhichLogins, reason: SessionEndReason): Promise<number> {
    const ended = await this.sql.transaction((tx) => this.endIn(tx, appPk, userPk, which, reason));
    await this.tell(ended);
    return ended.sessionPks.length;
  }

  /** Within a transaction; `tell` follows after its commit. */
  async endIn(
    tx: SqlExecutor,
    appPk: number,
    userPk: number,
    which: WhichLogins,
    reason: SessionEndReason,
  ): Promise<EndedSessions> {
    await tx.rows('SELECT id FROM users WHERE id = ? AND appPk = ? FOR UPDATE', [userPk, appPk]);
    const rows = await this.ending(tx, userPk, which);
    if (rows.length > 0) {
      await tx.run('UPDATE sessions SET endedAt = COALESCE(endedAt, NOW(3)), endReason = ? WHERE id IN (?)', [
        reason,
        rows.map(({ id }) => id),
      ]);
    }
    // A login that is being stored right now has a token of the old version, so that "all" means all.
    const everything = 'all' in which && which.exceptLoginId === undefined;
    await tx.run(
      `UPDATE users SET authVersion = authVersion + 1${everything ? ', tokenVersion = tokenVersion + 1' : ''} WHERE id = ?`,
      [userPk],
    );
    await this.deviceLogins.end(tx, {
      userPk,
      reason,
      all: everything,
      ...('all' in which && which.exceptLoginId !== undefined && { exceptLoginId: which.exceptLoginId }),
      loginIds: 'loginId' in which ? [which.loginId] : [...new Set(rows.map(({ loginId }) => loginId))],
      deviceIds: [...new Set(rows.flatMap(({ deviceId }) => deviceId ?? []))],
    });
    const sessionPks = rows.flatMap(({ id, endedAt }) => (endedAt === null ? [id] : []));
    return { appPk, userPk, sessionPks, reason };
  }

  /**
   * What lives, and the own rows of those logins: ended by 'multi-login' they would leave the login standing. A login of
   * which nothing lives is over by itself.
   */
  private async ending(tx: SqlExecutor, userPk: number, which: WhichLogins): Promise<EndingRow[]> {
    const columns = 'SELECT id, endedAt, loginId, deviceId FROM sessions';
    const one = 'loginId' in which;
    const live = await tx.rows<EndingRow>(
      `${columns} WHERE userPk = ? AND endedAt IS NULL AND loginId ${one ? '=' : '<>'} ? FOR UPDATE`,
      [userPk, one ? which.loginId : (which.exceptLoginId ?? '')],
    );
    const loginIds = one ? [which.loginId] : [...new Set(live.map(({ loginId }) => loginId))];
    if (loginIds.length === 0) return live;
    const lost = await tx.rows<EndingRow>(
      `${columns} WHERE sessionId IN (?) AND userPk = ? AND endReason IN ('multi-login', 'replaced') FOR UPDATE`,
      [loginIds, userPk],
    );
    return [...live, ...lost];
  }

  /** Resolves once no node takes what was ended for good. Call it after the commit, never inside the transaction. */
  tell(ended: EndedSessions): Promise<void> {
    this.kick(ended);
    return this.live.forgetEverywhere({ cache: 'user', appPk: ended.appPk, pk: ended.userPk });
  }

  /** The same where nobody waits for it. */
  announce(ended: EndedSessions, byPlatform?: string): void {
    this.kick(ended, byPlatform);
    this.live.forget({ cache: 'user', appPk: ended.appPk, pk: ended.userPk });
  }

  private kick({ userPk, sessionPks, reason }: EndedSessions, byPlatform?: string): void {
    if (sessionPks.length === 0) return;
    this.live.kick(userPk, sessionPks, KICK_REASON[reason], byPlatform === undefined ? {} : { byPlatform });
  }
}

import { Injectable, Logger } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Settings } from '../../platform/config/settings';
import { Sql } from '../../platform/database/sql';
import { SessionEnder } from './session-ender';

/** A user's rows are looked at after so many new ones here: users who log in as people do cost nothing. */
const NEW_ROWS_A_LOOK = 16;
const USERS_MAX = 100_000;
/** Ended rows tell a device why it may not come back; older ones are answered like rows that never were. */
const ENDED_KEPT = 100;
/** Rows that one look takes away, and logins that it ends: more than are made until the next. */
const FORGOTTEN_A_LOOK = 500;
const ENDED_A_LOOK = 50;

interface Row {
  id: number;
  sessionId: string;
  loginId: string;
  deviceId: string | null;
}

/**
 * Bounds the rows of a user's sessions: the oldest logins beyond LIMIT_SESSIONS_PER_USER that no device holds end, and of
 * the ended rows the latest hundred stay. In small steps beside the logins, never in their way.
 */
@Injectable()
export class SessionTrim {
  private readonly logger = new Logger(SessionTrim.name);
  private readonly fresh = new LRUCache<number, number>({ max: USERS_MAX });

  constructor(
    private readonly sql: Sql,
    private readonly ender: SessionEnder,
    private readonly settings: Settings,
  ) {}

  /** After a new row of this user was committed. */
  made(appPk: number, userPk: number): void {
    const made = (this.fresh.get(userPk) ?? 0) + 1;
    if (made < NEW_ROWS_A_LOOK) {
      this.fresh.set(userPk, made);
      return;
    }
    this.fresh.delete(userPk);
    this.trim(appPk, userPk).catch((error: unknown) => {
      this.fresh.set(userPk, NEW_ROWS_A_LOOK);
      this.logger.warn(
        `Old sessions of user ${userPk} could not be cleared; tried again after their next login: ${String(error)}`,
      );
    });
  }

  /** One step. */
  async trim(appPk: number, userPk: number): Promise<void> {
    const max = this.settings.limits.sessionsPerUser;
    const live = await this.sql.rows<Row>(
      `SELECT id, sessionId, loginId, deviceId FROM sessions WHERE userPk = ? AND endedAt IS NULL
        ORDER BY id LIMIT ${max + ENDED_A_LOOK}`,
      [userPk],
    );
    const held = new Set(live.flatMap(({ loginId, deviceId }) => (deviceId === null ? [] : [loginId])));
    const idle = live.filter(({ loginId }) => !held.has(loginId));
    for (const { loginId } of idle.slice(0, Math.max(0, live.length - max))) {
      const ended = await this.sql.transaction((tx) => this.ender.endIn(tx, appPk, userPk, { loginId }, 'revoked'));
      this.ender.announce(ended);
    }
    await this.forget(userPk, held);
  }

  /** The login's own row stays while a device of it lives: without it the login would be none. */
  private async forget(userPk: number, held: ReadonlySet<string>): Promise<void> {
    const ended = await this.sql.rows<Row>(
      `SELECT id, sessionId, loginId, deviceId FROM sessions WHERE userPk = ? AND endedAt IS NOT NULL
        ORDER BY endedAt LIMIT ${ENDED_KEPT + FORGOTTEN_A_LOOK}`,
      [userPk],
    );
    const old = ended
      .slice(0, Math.max(0, ended.length - ENDED_KEPT))
      .filter(({ sessionId, loginId }) => sessionId !== loginId || !held.has(loginId));
    if (old.length > 0) await this.sql.run('DELETE FROM sessions WHERE id IN (?)', [old.map(({ id }) => id)]);
  }
}

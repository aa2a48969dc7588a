import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { ID_PATTERN } from '../../kernel/ids';
import { assignments } from '../../platform/database/assignments';
import { isDuplicateKey, Sql, type SqlExecutor, type SqlValue } from '../../platform/database/sql';
import { quotaExceeded, waitingNamesMax, type App } from '../tenancy';
import type { UserStatus } from './user.entity';

/** A user's row, without what only the login reads. */
export interface UserRecord {
  id: number;
  userId: string;
  account: string | null;
  status: UserStatus;
  nickname: string | null;
  avatarUrl: string | null;
  /** JSON text. */
  profile: string | null;
  registered: number;
  tokenVersion: number;
  createdAt: Date;
  lastLoginAt: Date | null;
}

/** What the login compares with. */
export interface LoginRecord {
  id: number;
  userId: string;
  status: UserStatus;
  passwordHash: string | null;
  tokenVersion: number;
}

export interface NewUserRow {
  userId: string;
  account: string | null;
  passwordHash: string | null;
  nickname: string | null;
  avatarUrl: string | null;
  profile: string | null;
  /** False for a name that is only written to so far. */
  registered: boolean;
}

export interface ProfilePatch {
  nickname?: string | null;
  avatarUrl?: string | null;
  profile?: string | null;
}

const WAITING = 0;
const REGISTERED = 1;
const COLUMNS =
  'id, userId, account, status, nickname, avatarUrl, profile, registered, tokenVersion, createdAt, lastLoginAt';

/** Statements about users. Every one is scoped to an app; the deleted are seen by none. */
@Injectable()
export class UsersRepository {
  constructor(private readonly sql: Sql) {}

  async find(appPk: number, userId: string, executor: SqlExecutor = this.sql): Promise<UserRecord | undefined> {
    if (!ID_PATTERN.test(userId)) return undefined;
    const [row] = await executor.rows<UserRecord>(
      `SELECT ${COLUMNS} FROM users WHERE appPk = ? AND userId = ? AND tombstone = 0`,
      [appPk, userId],
    );
    return row;
  }

  /** By id, without a filesort however many users the app has. */
  page(appPk: number, afterUserId: string, limit: number): Promise<UserRecord[]> {
    return this.sql.rows<UserRecord>(
      `SELECT ${COLUMNS} FROM users FORCE INDEX (one_per_user_id) WHERE appPk = ? AND userId > ? AND tombstone = 0 ORDER BY userId LIMIT ${Number(limit)}`,
      [appPk, afterUserId],
    );
  }

  async loginRecord(appPk: number, by: 'account' | 'userId', name: string): Promise<LoginRecord | undefined> {
    if (!ID_PATTERN.test(name)) return undefined;
    const [row] = await this.sql.rows<LoginRecord>(
      `SELECT id, userId, status, passwordHash, tokenVersion FROM users WHERE appPk = ? AND ${by} = ? AND tombstone = 0`,
      [appPk, name],
    );
    return row;
  }

  /**
   * Stores new users in one transaction, item by item accepted or refused (ALREADY_EXISTS, QUOTA_EXCEEDED). A name that
   * was only written to so far becomes a user. Two nodes may do it at once.
   */
  async create(app: App, wanted: readonly NewUserRow[]): Promise<(UserRecord | AppError)[]> {
    const { outcomes } = await this.againOnDuplicate(() =>
      this.sql.transaction((tx) => this.createIn(tx, app, wanted)),
    );
    const made = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [outcome] : []));
    const records = await this.byIds(app.pk, made);
    return outcomes.map((outcome) =>
      typeof outcome === 'string' ? (records.get(outcome) ?? new AppError('USER_NOT_FOUND')) : outcome,
    );
  }

  /**
   * Keeps names that are written to and never logged in, all of them or none; who is a user already stays as they are.
   *
   * @returns how many are new
   * @throws AppError QUOTA_EXCEEDED (`waitingNames`)
   */
  keepWaiting(app: App, userIds: readonly string[]): Promise<number> {
    return this.againOnDuplicate(() =>
      this.sql.transaction(async (tx) => {
        const { outcomes, made } = await this.createIn(tx, app, userIds.map(waitingName));
        for (const refused of outcomes) if (refused instanceof AppError) throw refused;
        return made;
      }),
    );
  }

  /** The refusal of each item, or the id under which it was stored; and how many rows there are that were not. */
  private async createIn(
    tx: SqlExecutor,
    app: App,
    wanted: readonly NewUserRow[],
  ): Promise<{ outcomes: (string | AppError)[]; made: number }> {
    const ids = wanted.map(({ userId }) => userId);
    // The app's row first, and only where there is a quota: then no two transactions count the same free place.
    if (app.quotas.users !== undefined) await tx.rows('SELECT id FROM apps WHERE id = ? FOR UPDATE', [app.pk]);
    const holders = await tx.rows<{
      id: number;
      userId: string;
      registered: number;
      tombstone: number;
      maxUserSeq: number;
    }>('SELECT id, userId, registered, tombstone, maxUserSeq FROM users WHERE appPk = ? AND userId IN (?) FOR UPDATE', [
      app.pk,
      ids,
    ]);
    const known = new Map(holders.flatMap((row) => (row.tombstone === 0 ? [[row.userId, row]] : [])));
    // Clients that knew a predecessor hold their userSeq: the numbers go on above it.
    const userSeqs = new Map<string, number>();
    for (const { userId, maxUserSeq } of holders) {
      userSeqs.set(userId, Math.max(maxUserSeq, userSeqs.get(userId) ?? 0));
    }
    let room = await this.room(tx, app, app.quotas.users, REGISTERED);
    let waitingRoom = await this.room(tx, app, waitingNamesMax(app.quotas), WAITING);
    const fresh: SqlValue[][] = [];
    const awaited: SqlValue[][] = [];
    const taken = new Set<string>();
    const outcomes = wanted.map((user): string | AppError => {
      const row = known.get(user.userId);
      if (row && !user.registered) return user.userId;
      if (row?.registered || taken.has(user.userId)) return new AppError('ALREADY_EXISTS', { field: 'userId' });
      if (user.registered && room-- <= 0) return quotaExceeded('users', app.quotas.users ?? 0);
      if (!user.registered && waitingRoom-- <= 0) {
        return quotaExceeded('waitingNames', waitingNamesMax(app.quotas) ?? 0);
      }
      taken.add(user.userId);
      (row ? awaited : fresh).push(valuesOf(app.pk, user, row?.id ?? null, userSeqs.get(user.userId) ?? 0));
      return user.userId;
    });
    if (fresh.length > 0) await tx.run(INSERT, [fresh]);
    if (awaited.length > 0) await tx.run(`${INSERT} ${REGISTER}`, [awaited]);
    return { outcomes, made: fresh.length };
  }

  /** How many more of these the app's plan allows; reads at most quota + 1 index entries. */
  private async room(tx: SqlExecutor, app: App, quota: number | undefined, registered: number): Promise<number> {
    if (quota === undefined) return Infinity;
    const rows = await tx.rows<{ taken: number }>(
      `SELECT COUNT(*) AS taken FROM (
         SELECT 1 FROM users WHERE appPk = ? AND registered = ? AND tombstone = 0 LIMIT ${Number(quota) + 1}) AS counted`,
      [app.pk, registered],
    );
    return quota - (rows[0]?.taken ?? 0);
  }

  /** Another node inserted the same id in between: now it is committed, so that the next look sees it. */
  private async againOnDuplicate<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!isDuplicateKey(error) || attempt === 3) throw error;
      }
    }
  }

  private async byIds(appPk: number, userIds: readonly string[]): Promise<Map<string, UserRecord>> {
    if (userIds.length === 0) return new Map();
    const rows = await this.sql.rows<UserRecord>(
      `SELECT ${COLUMNS} FROM users WHERE appPk = ? AND userId IN (?) AND tombstone = 0`,
      [appPk, [...userIds]],
    );
    return new Map(rows.map((row) => [row.userId, row]));
  }

  async patch(tx: SqlExecutor, userPk: number, patch: ProfilePatch): Promise<void> {
    const { nickname, avatarUrl, profile } = patch;
    const { text, values } = assignments({ nickname, avatarUrl, profile });
    if (text) await tx.run(`UPDATE users SET ${text} WHERE id = ?`, [...values, userPk]);
  }

  /** The id can be used again and inherits nothing: the row stays, for its messages, under a tombstone. */
  async bury(tx: SqlExecutor, userPk: number): Promise<void> {
    await tx.run(
      `UPDATE users SET tombstone = id, status = 'deleted', account = NULL, passwordHash = NULL, nickname = NULL,
         avatarUrl = NULL, profile = NULL WHERE id = ?`,
      [userPk],
    );
  }

  async setStatus(tx: SqlExecutor, userPk: number, status: 'active' | 'deactivated'): Promise<void> {
    await tx.run('UPDATE users SET status = ? WHERE id = ?', [status, userPk]);
  }

  async setPassword(tx: SqlExecutor, userPk: number, passwordHash: string): Promise<void> {
    await tx.run('UPDATE users SET passwordHash = ? WHERE id = ?', [passwordHash, userPk]);
  }
}

const INSERT = `INSERT INTO users
    (id, appPk, userId, account, passwordHash, status, nickname, avatarUrl, profile, registered, maxUserSeq, minUserSeq)
  VALUES ?`;
/** Only for rows held by their key: on a race it would overwrite another's user. */
const REGISTER = `ON DUPLICATE KEY UPDATE registered = VALUES(registered), nickname = VALUES(nickname),
    avatarUrl = VALUES(avatarUrl), profile = VALUES(profile)`;

/** What an id alone makes. */
export const bareUser = (userId: string): Omit<NewUserRow, 'registered'> => ({
  userId,
  account: null,
  passwordHash: null,
  nickname: null,
  avatarUrl: null,
  profile: null,
});
const waitingName = (userId: string): NewUserRow => ({ ...bareUser(userId), registered: false });

const valuesOf = (appPk: number, user: NewUserRow, id: number | null, userSeq: number): SqlValue[] => [
  id,
  appPk,
  user.userId,
  user.account,
  user.passwordHash,
  'active',
  user.nickname,
  user.avatarUrl,
  user.profile,
  user.registered,
  userSeq,
  userSeq + 1,
];

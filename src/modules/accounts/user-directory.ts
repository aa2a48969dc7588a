import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { ID_PATTERN } from '../../kernel/ids';
import { Sql } from '../../platform/database/sql';
import { Live } from '../../platform/realtime/live';
import type { UserFace, UserNames } from '../conversations';
import { Batched } from '../../platform/database/batched';
import type { UserStatus } from './user.entity';

/** A user by key and id. */
export interface Named {
  readonly userPk: number;
  readonly userId: string;
}

/** A living user as the hot paths know it. What it may do is decided again under the lock. */
export interface KnownUser extends Named {
  readonly appPk: number;
  readonly status: UserStatus;
  /** False for a name that was only written to so far. */
  readonly registered: boolean;
  /** Somebody held this id before and was deleted. */
  readonly recreated: boolean;
}

interface UserKeys {
  id: number;
  appPk: number;
  userId: string;
  status: UserStatus;
  registered: number;
  recreated: number;
}

const CACHED_MAX = 200_000;
/** Invalidation is told at once; this is the backstop for a node that could not be told. */
const CACHED_MS = 10 * 60_000;

/** Who is who: public ids to keys and back, from memory where possible. */
@Injectable()
export class UserDirectory implements UserNames {
  private readonly byId = new LRUCache<string, KnownUser>({ max: CACHED_MAX, ttl: CACHED_MS, ttlResolution: 1000 });
  /** Names never change, not even by deletion. */
  private readonly nameByPk = new LRUCache<number, string>({ max: CACHED_MAX });
  private readonly lookUps = new Batched<string, KnownUser>((keys) => this.load(keys));
  /** Raised by every invalidation: what was read before it is not kept. */
  private epoch = 0;

  constructor(
    private readonly sql: Sql,
    live: Live,
  ) {
    live.onForget('user', (appPk, pk) => this.drop(appPk, pk));
    live.onMissedFrames(() => {
      this.epoch++;
      this.byId.clear();
    });
  }

  /** Only what is in memory: no promise on the hot path. */
  cached(appPk: number, userId: string): KnownUser | undefined {
    return this.byId.get(keyOf(appPk, userId));
  }

  /** The living user of this id, deactivated ones included. */
  async find(appPk: number, userId: string): Promise<KnownUser | undefined> {
    // Not only a short cut: other characters would make the database compare without the index.
    if (!ID_PATTERN.test(userId)) return undefined;
    const key = keyOf(appPk, userId);
    return this.byId.get(key) ?? this.lookUps.get(key);
  }

  /** The living users among these ids. */
  async findMany(appPk: number, userIds: readonly string[]): Promise<Map<string, KnownUser>> {
    const users = await Promise.all(userIds.map((userId) => this.find(appPk, userId)));
    return new Map(users.flatMap((user) => (user ? [[user.userId, user] as const] : [])));
  }

  async namesOf(userPks: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const names = new Map<number, string>();
    const missing: number[] = [];
    for (const pk of new Set(userPks)) {
      const name = this.nameByPk.get(pk);
      if (name === undefined) missing.push(pk);
      else names.set(pk, name);
    }
    if (missing.length > 0) {
      const rows = await this.sql.rows<{ id: number; userId: string }>('SELECT id, userId FROM users WHERE id IN (?)', [
        missing,
      ]);
      for (const { id, userId } of rows) {
        this.nameByPk.set(id, userId);
        names.set(id, userId);
      }
    }
    return names;
  }

  async facesOf(userPks: readonly number[]): Promise<ReadonlyMap<number, UserFace & { userId: string }>> {
    if (userPks.length === 0) return new Map();
    const rows = await this.sql.rows<{
      id: number;
      userId: string;
      nickname: string | null;
      avatarUrl: string | null;
    }>('SELECT id, userId, nickname, avatarUrl FROM users WHERE id IN (?)', [[...new Set(userPks)]]);
    return new Map(
      rows.map(({ id, userId, nickname, avatarUrl }) => [
        id,
        { userId, nickname: nickname ?? undefined, avatarUrl: avatarUrl ?? undefined },
      ]),
    );
  }

  async pkOf(appPk: number, userId: string): Promise<number | undefined> {
    const living = await this.find(appPk, userId);
    if (living || !ID_PATTERN.test(userId)) return living?.userPk;
    // A tombstone is the deleted row's own key, so the greatest is the latest.
    const [last] = await this.sql.rows<{ id: number }>(
      'SELECT id FROM users WHERE appPk = ? AND userId = ? ORDER BY tombstone DESC LIMIT 1',
      [appPk, userId],
    );
    return last?.id;
  }

  async everyPkOf(appPk: number, userId: string): Promise<number[]> {
    if (!ID_PATTERN.test(userId)) return [];
    const rows = await this.sql.rows<{ id: number }>('SELECT id FROM users WHERE appPk = ? AND userId = ?', [
      appPk,
      userId,
    ]);
    return rows.map(({ id }) => id);
  }

  /** Forgets on this node; `Live.forget` tells all of them. */
  drop(appPk: number, userPk: number): void {
    this.epoch++;
    const name = this.nameByPk.get(userPk);
    if (name !== undefined) this.byId.delete(keyOf(appPk, name));
  }

  private async load(keys: string[]): Promise<Map<string, KnownUser>> {
    const { epoch } = this;
    const byApp = new Map<number, string[]>();
    for (const key of keys) {
      const [appPk, userId] = partsOf(key);
      const ids = byApp.get(appPk);
      if (ids) ids.push(userId);
      else byApp.set(appPk, [userId]);
    }
    const found = new Map<string, KnownUser>();
    for (const [appPk, userIds] of byApp) {
      const rows = await this.sql.rows<UserKeys>(
        `SELECT u.id, u.appPk, u.userId, u.status, u.registered, EXISTS (
           SELECT 1 FROM users f WHERE f.appPk = u.appPk AND f.userId = u.userId AND f.tombstone > 0) AS recreated
         FROM users u WHERE u.appPk = ? AND u.userId IN (?) AND u.tombstone = 0`,
        [appPk, userIds],
      );
      for (const { id, userId, status, registered, recreated } of rows) {
        const user = { userPk: id, appPk, userId, status, registered: registered === 1, recreated: recreated === 1 };
        found.set(keyOf(appPk, userId), user);
        this.nameByPk.set(id, userId);
        if (epoch === this.epoch) this.byId.set(keyOf(appPk, userId), user);
      }
    }
    return found;
  }
}

const keyOf = (appPk: number, userId: string): string => `${appPk}:${userId}`;
const partsOf = (key: string): [number, string] => {
  const colon = key.indexOf(':');
  return [Number(key.slice(0, colon)), key.slice(colon + 1)];
};

import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import type { Connection } from '../../platform/realtime/connection';
import { Live } from '../../platform/realtime/live';
import { frameOf } from '../../platform/realtime/frame';
import { Outbound } from '../../platform/realtime/outbound';

/** Names that one socket may watch. */
const WATCHED_MAX = 500;

/** Which of this node's sockets want to hear who comes and goes. By name, so that one may wait for a user to be. */
@Injectable()
export class PresenceWatch {
  private readonly watchers = new Map<string, Set<Connection>>();
  private readonly watched = new Map<Connection, Set<string>>();

  constructor(live: Live, outbound: Outbound) {
    live.onPresence(({ appPk, userId, online }) => {
      const watchers = this.watchers.get(keyOf(appPk, userId));
      if (!watchers) return;
      const frame = frameOf('presence:event', JSON.stringify({ userId, online }));
      for (const connection of watchers) outbound.write(connection, frame);
    });
  }

  /** Throws QUOTA_EXCEEDED beyond 500 names; nothing is watched then that was not before. */
  watch(connection: Connection, userIds: readonly string[]): void {
    const own = this.watched.get(connection) ?? new Set<string>();
    const keys = new Set(userIds.map((userId) => keyOf(connection.caller.app.pk, userId)));
    const more = [...keys].filter((key) => !own.has(key));
    if (own.size + more.length > WATCHED_MAX) {
      throw new AppError('QUOTA_EXCEEDED', { details: { quota: 'presenceSubscriptions', limit: WATCHED_MAX } });
    }
    if (more.length === 0) return;
    this.watched.set(connection, own);
    for (const key of more) {
      own.add(key);
      const watchers = this.watchers.get(key);
      if (watchers) watchers.add(connection);
      else this.watchers.set(key, new Set([connection]));
    }
  }

  unwatch(connection: Connection, userIds: readonly string[]): void {
    const own = this.watched.get(connection);
    if (!own) return;
    for (const userId of userIds) this.drop(connection, own, keyOf(connection.caller.app.pk, userId));
    if (own.size === 0) this.watched.delete(connection);
  }

  /** The connection is gone. */
  leave(connection: Connection): void {
    const own = this.watched.get(connection);
    if (!own) return;
    for (const key of own) this.drop(connection, own, key);
    this.watched.delete(connection);
  }

  /** How many names are watched here, for tests and metrics. */
  get size(): number {
    return this.watchers.size;
  }

  private drop(connection: Connection, own: Set<string>, key: string): void {
    own.delete(key);
    const watchers = this.watchers.get(key);
    watchers?.delete(connection);
    if (watchers?.size === 0) this.watchers.delete(key);
  }
}

const keyOf = (appPk: number, userId: string): string => `${appPk}:${userId}`;

import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import type { Connection } from '../../platform/realtime/connection';
import { Live } from '../../platform/realtime/live';
import { frameOf } from '../../platform/realtime/frame';
import { Outbound } from '../../platform/realtime/outbound';
import { SignalThrottle } from '../../platform/realtime/signal-throttle';

/** Names that one socket may watch. */
const WATCHED_MAX = 500;

/** A name that somebody here wants to hear of. */
export interface WatchedName {
  readonly appPk: number;
  readonly userId: string;
  readonly watchers: Set<Connection>;
  /** What they were sent last. */
  online?: boolean;
  /** Rises with everything they were sent: what was looked up under a lower one is out of date. */
  version: number;
}

/** Which of this node's sockets want to hear who comes and goes. By name, so that one may wait for a user to be. */
@Injectable()
export class PresenceWatch {
  private readonly names = new Map<string, WatchedName>();
  private readonly watched = new Map<Connection, Set<string>>();
  /** A connection that flaps is told of now and then. */
  private readonly throttle = new SignalThrottle({ intervalMs: 3000, burst: 2 });

  constructor(
    live: Live,
    private readonly outbound: Outbound,
  ) {
    live.onPresence(({ appPk, userId, online }) => {
      const key = keyOf(appPk, userId);
      const known = this.names.get(key);
      if (!known) return;
      const tell = (): void => {
        const name = this.names.get(key);
        if (name) this.tell(name, online);
      };
      // Whether it is news is known when it is told: others tell as well.
      this.throttle.update(key, 0, { value: tell, frames: known.watchers.size, send: tell });
    });
  }

  /** Throws LIMIT_REACHED beyond 500 names; nothing is watched then that was not before. */
  watch(connection: Connection, userIds: readonly string[]): void {
    const own = this.watched.get(connection) ?? new Set<string>();
    const { pk: appPk } = connection.caller.app;
    const wanted = new Map(userIds.map((userId) => [keyOf(appPk, userId), userId]));
    const more = [...wanted].filter(([key]) => !own.has(key));
    if (own.size + more.length > WATCHED_MAX) {
      throw new AppError('LIMIT_REACHED', { field: 'userIds', details: { limit: WATCHED_MAX } });
    }
    if (more.length === 0) return;
    this.watched.set(connection, own);
    for (const [key, userId] of more) {
      own.add(key);
      const name = this.names.get(key);
      if (name) name.watchers.add(connection);
      else this.names.set(key, { appPk, userId, watchers: new Set([connection]), version: 0 });
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

  /** What a subscriber was answered, where nothing else was heard meanwhile; and what holds then. */
  answered(appPk: number, userId: string, online: boolean): boolean {
    const name = this.names.get(keyOf(appPk, userId));
    if (!name) return online;
    return (name.online ??= online);
  }

  /** Tells those who watch the name, unless they know. */
  tell(name: WatchedName, online: boolean): void {
    name.version++;
    if (name.online === online) return;
    name.online = online;
    const frame = frameOf('presence:event', JSON.stringify({ userId: name.userId, online }));
    for (const connection of name.watchers) this.outbound.write(connection, frame);
  }

  all(): Iterable<WatchedName> {
    return this.names.values();
  }

  /** How many names are watched here, for tests and metrics. */
  get size(): number {
    return this.names.size;
  }

  private drop(connection: Connection, own: Set<string>, key: string): void {
    own.delete(key);
    const name = this.names.get(key);
    name?.watchers.delete(connection);
    if (name?.watchers.size === 0) this.names.delete(key);
  }
}

const keyOf = (appPk: number, userId: string): string => `${appPk}:${userId}`;

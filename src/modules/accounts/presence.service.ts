import { Injectable } from '@nestjs/common';
import type { AppCaller, AppRef, UserCaller } from '../../kernel/caller';
import type { Connection, DeviceState } from '../../platform/realtime/connection';
import { Connections } from '../../platform/realtime/connections';
import { Live } from '../../platform/realtime/live';
import { PresenceWatch } from './presence-watch';
import { UserDirectory } from './user-directory';

export interface PresenceState {
  userId: string;
  online: boolean;
}

/** Who is online. An unknown name is offline, so that asking tells nobody which names exist. */
@Injectable()
export class PresenceService {
  constructor(
    private readonly live: Live,
    private readonly directory: UserDirectory,
    private readonly watch: PresenceWatch,
    private readonly connections: Connections,
  ) {}

  /** Whether somebody looks at the device; whoever decides about pushes hears of it, on any node. */
  setState(connection: Connection, state: DeviceState): Record<string, never> {
    this.connections.setState(connection, state);
    return {};
  }

  async of(caller: AppCaller, userIds: readonly string[]): Promise<{ items: PresenceState[] }> {
    return { items: await this.states(caller.app, userIds) };
  }

  /** Users of the app online now; `exact` is false while other nodes cannot be asked. */
  count(caller: AppCaller): Promise<{ online: number; exact: boolean }> {
    return this.live.onlineCount(caller.app.pk);
  }

  /** The states now, and `presence:event` for each change from here on. Throws LIMIT_REACHED beyond 500 names. */
  async subscribe(
    caller: UserCaller,
    userIds: readonly string[],
    connection: Connection,
  ): Promise<{ items: PresenceState[] }> {
    this.watch.watch(connection, userIds);
    const states = await this.states(caller.app, userIds);
    const { pk } = caller.app;
    return { items: states.map(({ userId, online }) => ({ userId, online: this.watch.answered(pk, userId, online) })) };
  }

  unsubscribe(userIds: readonly string[], connection: Connection): { items: PresenceState[] } {
    this.watch.unwatch(connection, userIds);
    return { items: [] };
  }

  private async states(app: AppRef, userIds: readonly string[]): Promise<PresenceState[]> {
    const names = [...new Set(userIds)];
    const users = await this.directory.findMany(app.pk, names);
    const online = await this.live.online(
      app.pk,
      [...users.values()].map(({ userPk }) => userPk),
    );
    return names.map((userId) => ({ userId, online: online.has(users.get(userId)?.userPk ?? 0) }));
  }
}

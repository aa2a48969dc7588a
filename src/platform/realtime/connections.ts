import { Injectable } from '@nestjs/common';
import type { Connection, DeviceState } from './connection';

export interface PresenceChange {
  appPk: number;
  userPk: number;
  userId: string;
  online: boolean;
}

/** Who is connected to this node, by user. */
@Injectable()
export class Connections {
  private readonly byUser = new Map<number, Connection | Set<Connection>>();
  private readonly onlineUsers = new Map<number, number>();
  private readonly listeners: ((change: PresenceChange) => void)[] = [];
  private readonly deviceListeners: ((userPk: number) => void)[] = [];
  private readonly leaveListeners: ((connection: Connection, onPurpose: boolean) => void)[] = [];
  /** Sockets of this node. */
  count = 0;

  add(connection: Connection): void {
    const { userPk, userId, app } = connection.caller;
    const known = this.byUser.get(userPk);
    this.count++;
    if (!known) {
      this.byUser.set(userPk, connection);
      this.onlineUsers.set(app.pk, this.onlineIn(app.pk) + 1);
      this.tell({ appPk: app.pk, userPk, userId, online: true });
      return;
    }
    if (known instanceof Set) known.add(connection);
    else this.byUser.set(userPk, new Set([known, connection]));
    this.tellDevices(userPk);
  }

  remove(connection: Connection): void {
    const { userPk, userId, app } = connection.caller;
    const known = this.byUser.get(userPk);
    if (known instanceof Set) {
      if (!known.delete(connection)) return;
      if (known.size === 1) this.byUser.set(userPk, [...known][0]);
      this.tellDevices(userPk);
    } else {
      // Closing a connection that is not (or no longer) here must not change the count (D3).
      if (known !== connection) return;
      this.byUser.delete(userPk);
      this.onlineUsers.set(app.pk, this.onlineIn(app.pk) - 1);
      this.tell({ appPk: app.pk, userPk, userId, online: false });
    }
    this.count--;
  }

  /** The device says whether somebody looks at it. */
  setState(connection: Connection, state: DeviceState): void {
    if (connection.state === state) return;
    connection.state = state;
    this.tellDevices(connection.caller.userPk);
  }

  ofUser(userPk: number): Iterable<Connection> {
    const known = this.byUser.get(userPk);
    return known === undefined ? [] : known instanceof Set ? known : [known];
  }

  /** Whether the user is connected to this node; with `appPk`, as a user of that app. */
  has(userPk: number, appPk?: number): boolean {
    const known = this.byUser.get(userPk);
    if (appPk === undefined || known === undefined) return known !== undefined;
    const [connection] = known instanceof Set ? known : [known];
    return connection?.caller.app.pk === appPk;
  }

  /** Users (not sockets) of an app connected to this node. */
  onlineIn(appPk: number): number {
    return this.onlineUsers.get(appPk) ?? 0;
  }

  *all(): Iterable<Connection> {
    for (const known of this.byUser.values()) {
      if (known instanceof Set) yield* known;
      else yield known;
    }
  }

  /** Each user once, with its app. */
  *users(): Iterable<[userPk: number, appPk: number]> {
    for (const [userPk, known] of this.byUser) {
      const [connection] = known instanceof Set ? known : [known];
      if (connection) yield [userPk, connection.caller.app.pk];
    }
  }

  userPks(): Iterable<number> {
    return this.byUser.keys();
  }

  /** Called synchronously whenever a user's first socket of this node opens or its last one closes. */
  onPresence(listener: (change: PresenceChange) => void): void {
    this.listeners.push(listener);
  }

  /** The same for what changes while the user stays: another device, one less, one in another state. */
  onDevices(listener: (userPk: number) => void): void {
    this.deviceListeners.push(listener);
  }

  /** Called synchronously when a socket of this node has gone: `onPurpose` when one side said so, else it was lost. */
  onLeave(listener: (connection: Connection, onPurpose: boolean) => void): void {
    this.leaveListeners.push(listener);
  }

  /** Tells that a socket has gone; `remove` comes first. */
  left(connection: Connection, onPurpose: boolean): void {
    for (const listener of this.leaveListeners) listener(connection, onPurpose);
  }

  private tell(change: PresenceChange): void {
    for (const listener of this.listeners) listener(change);
  }

  private tellDevices(userPk: number): void {
    for (const listener of this.deviceListeners) listener(userPk);
  }
}

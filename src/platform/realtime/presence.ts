import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Bus } from './bus';
import { Connections, type PresenceChange } from './connections';
import { Routes } from './routes';

/**
 * Who came and who went, over all nodes: a user is announced once when the first socket anywhere opens and once when the
 * last one has closed, so that moving from node to node shows nothing.
 */
@Injectable()
export class Presence implements OnModuleInit {
  private readonly listeners: ((change: PresenceChange) => void)[] = [];

  constructor(
    private readonly connections: Connections,
    private readonly bus: Bus,
    private readonly routes: Routes,
  ) {}

  onModuleInit(): void {
    this.connections.onPresence((change) => this.changedHere(change));
    this.bus.on('presence', (change) => this.changedThere(change));
  }

  onChange(listener: (change: PresenceChange) => void): void {
    this.listeners.push(listener);
  }

  private changedHere(change: PresenceChange): void {
    if (!this.bus.healthy) return this.changedWhileCutOff(change);
    const elsewhere = change.online ? this.routes.arrived(change) : this.routes.left(change);
    if (this.bus.peers.length === 0) return this.tell(change);
    void elsewhere.then((isElsewhere) => {
      // What happened here meanwhile has its own announcement.
      if (isElsewhere || this.connections.has(change.userPk) !== change.online) return;
      this.tell(change);
      this.bus.toAll('presence', change);
    });
  }

  /** Nobody can be asked where else the user is: told as it looks from here, and put right by whoever knows better. */
  private changedWhileCutOff(change: PresenceChange): void {
    if (!change.online) void this.routes.left(change);
    this.tell(change);
    this.bus.toAll('presence', change);
  }

  private changedThere(change: PresenceChange): void {
    if (!this.connections.has(change.userPk)) return this.tell(change);
    // Gone from there, but here: two nodes crossed on the way, and the others must hear it.
    if (!change.online) this.bus.toAll('presence', { ...change, online: true });
  }

  private tell(change: PresenceChange): void {
    for (const listener of this.listeners) listener(change);
  }
}

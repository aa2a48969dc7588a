import { Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { BusFrames, KickReason } from '../../kernel/contracts/bus-frames';
import { Bus } from './bus';
import type { Connection } from './connection';
import { Connections } from './connections';
import { Outbound } from './outbound';

export type Kick = BusFrames['kick'];

/** A socket may become a connection this long after its session was bound: its COMMIT's answer and the bus race. */
const REMEMBERED_MS = 15_000;
const REMEMBERED_MAX = 100_000;

/**
 * Ends sockets of this node whose session another one took over or somebody ended. What was ended is remembered for a
 * while, because the socket that it is about may only be on its way in.
 */
@Injectable()
export class Kicks implements OnModuleInit {
  private readonly recent = new LRUCache<number, Kick>({
    max: REMEMBERED_MAX,
    ttl: REMEMBERED_MS,
    ttlResolution: 1000,
  });

  constructor(
    private readonly bus: Bus,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
  ) {}

  onModuleInit(): void {
    this.bus.on('kick', (kick) => this.kick(kick));
  }

  /** Whoever is here on these sessions, and whoever still comes in on them. */
  kick(kick: Kick): void {
    for (const pk of kick.sessionPks) {
      const known = this.recent.get(pk);
      if (!known || reachOf(kick) >= reachOf(known)) this.recent.set(pk, kick);
    }
    for (const connection of [...this.connections.ofUser(kick.userPk)]) {
      if (isAbout(kick, connection)) this.end(connection, kick.reason, kick.byPlatform);
    }
  }

  /** A connection has come in, or goes on as another session: was that ended while it was on its way? */
  arrived(connection: Connection): void {
    const kick = this.recent.get(connection.caller.sessionPk);
    if (kick && isAbout(kick, connection)) this.end(connection, kick.reason, kick.byPlatform);
  }

  end(connection: Connection, reason: KickReason, byPlatform?: string): void {
    this.outbound.say(connection, 'session:kicked', { reason, ...(byPlatform && { byPlatform }) });
    // Goes out behind what was said; from here on no frame of this socket is read.
    connection.socket.disconnect(true);
  }
}

const reachOf = ({ before }: Kick): number => before ?? Infinity;

const isAbout = (kick: Kick, { caller, generation }: Connection): boolean =>
  kick.sessionPks.includes(caller.sessionPk) && generation < reachOf(kick);

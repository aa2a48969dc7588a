import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Audiences } from '../../conversations';
import { LiveRooms } from './live-rooms';
import { eventFrame } from './room-frames';
import { RosterSync } from './roster-sync';

/** Users named in one event; `memberCount` counts all of them. */
const NAMED_MAX = 50;
/** The larger a room, the longer joins and leaves are collected: every event is written to every socket in the room. */
const COALESCE_MS: readonly (readonly [members: number, ms: number])[] = [
  [100, 100],
  [1000, 1000],
  [Infinity, 5000],
];

interface PendingEvents {
  joined: Set<number>;
  left: Set<number>;
  /** Users whose removal or ban the room is told of by an event of its own. */
  removed: Set<number>;
}

/** Sends `member-joined` and `member-left` to a room's sockets on this node, whichever node the members are on. */
@Injectable()
export class MembershipAnnouncer implements OnModuleInit {
  private readonly logger = new Logger(MembershipAnnouncer.name);
  private readonly pending = new Map<number, PendingEvents>();

  constructor(
    private readonly rosterSync: RosterSync,
    private readonly rooms: LiveRooms,
    private readonly audiences: Audiences,
  ) {}

  onModuleInit(): void {
    this.rosterSync.rosters.onChange(({ room, joined, left }) => {
      if (!this.rooms.get(room)) return;
      const pending = this.pendingOf(room);
      for (const userPk of joined) if (!pending.left.delete(userPk)) pending.joined.add(userPk);
      for (const userPk of left) if (!pending.joined.delete(userPk)) pending.left.add(userPk);
    });
  }

  /** Suppresses `member-left` for these users, because another event already says that they are out. */
  suppressLeft(room: number, userPks: readonly number[]): void {
    if (!this.rooms.get(room)) return;
    const { removed } = this.pendingOf(room);
    for (const userPk of userPks) removed.add(userPk);
  }

  private pendingOf(room: number): PendingEvents {
    let pending = this.pending.get(room);
    if (!pending) {
      this.pending.set(room, (pending = { joined: new Set(), left: new Set(), removed: new Set() }));
      const members = this.rosterSync.rosters.count(room);
      const ms = COALESCE_MS.find(([below]) => members < below)?.[1];
      setTimeout(() => this.flush(room), ms).unref();
    }
    return pending;
  }

  private flush(room: number): void {
    const pending = this.pending.get(room);
    this.pending.delete(room);
    if (!pending) return;
    const left = [...pending.left].filter((userPk) => !pending.removed.has(userPk));
    this.announce(room, 'member-joined', [...pending.joined])
      .then(() => this.announce(room, 'member-left', left))
      .catch((error: unknown) =>
        this.logger.debug(
          `Room ${room} was not told who joined and left, its member count follows with the next event: ${String(error)}`,
        ),
      );
  }

  private async announce(pk: number, kind: 'member-joined' | 'member-left', userPks: number[]): Promise<void> {
    if (userPks.length === 0) return;
    const names = await this.audiences.names.namesOf(userPks.slice(0, NAMED_MAX));
    const room = this.rooms.get(pk);
    const memberCount = this.rosterSync.rosters.count(pk);
    room?.notify(eventFrame(room.conversation, { kind, by: null, users: [...names.values()], memberCount }));
  }
}

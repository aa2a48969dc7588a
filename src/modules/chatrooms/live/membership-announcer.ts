import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Audiences } from '../../conversations';
import { LiveRooms } from './live-rooms';
import { eventFrame } from './room-frames';
import { RosterExchange } from './roster-sync';

/** Users named in one event; all of them are counted. */
const NAMED_MAX = 50;
/** The more are in a room, the rarer they are told who comes and goes: every event goes to every one of them. */
const GATHER_MS: readonly (readonly [members: number, ms: number])[] = [
  [100, 100],
  [1000, 1000],
  [Infinity, 5000],
];

interface Gathered {
  came: Set<number>;
  gone: Set<number>;
  /** Those of whom something else was told already. */
  told: Set<number>;
}

/** Tells a room's listeners on this node who came and who left, wherever that was. */
@Injectable()
export class Arrivals implements OnModuleInit {
  private readonly logger = new Logger(Arrivals.name);
  private readonly gathered = new Map<number, Gathered>();

  constructor(
    private readonly exchange: RosterExchange,
    private readonly rooms: LiveRooms,
    private readonly audiences: Audiences,
  ) {}

  onModuleInit(): void {
    this.exchange.rosters.onChange(({ room, came, gone }) => {
      if (!this.rooms.get(room)) return;
      const gathered = this.of(room);
      for (const userPk of came) if (!gathered.gone.delete(userPk)) gathered.came.add(userPk);
      for (const userPk of gone) if (!gathered.came.delete(userPk)) gathered.gone.add(userPk);
    });
  }

  /** The room hears of these in another way: they need not be told to have left. */
  removed(room: number, userPks: readonly number[]): void {
    if (!this.rooms.get(room)) return;
    const { told } = this.of(room);
    for (const userPk of userPks) told.add(userPk);
  }

  private of(room: number): Gathered {
    let gathered = this.gathered.get(room);
    if (!gathered) {
      this.gathered.set(room, (gathered = { came: new Set(), gone: new Set(), told: new Set() }));
      const members = this.exchange.rosters.count(room);
      const ms = GATHER_MS.find(([below]) => members < below)?.[1];
      setTimeout(() => this.flush(room), ms).unref();
    }
    return gathered;
  }

  private flush(room: number): void {
    const gathered = this.gathered.get(room);
    this.gathered.delete(room);
    if (!gathered) return;
    const gone = [...gathered.gone].filter((userPk) => !gathered.told.has(userPk));
    this.tell(room, 'member-joined', [...gathered.came])
      .then(() => this.tell(room, 'member-left', gone))
      .catch((error: unknown) => this.logger.debug(`sending who came and went to a room failed: ${String(error)}`));
  }

  private async tell(pk: number, kind: 'member-joined' | 'member-left', userPks: number[]): Promise<void> {
    if (userPks.length === 0) return;
    const names = await this.audiences.names.namesOf(userPks.slice(0, NAMED_MAX));
    const room = this.rooms.get(pk);
    const memberCount = this.exchange.rosters.count(pk);
    room?.tell(eventFrame(room.conversation, { kind, by: null, users: [...names.values()], memberCount }));
  }
}

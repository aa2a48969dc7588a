import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Periodic } from '../../../platform/lifecycle/periodic';
import { Housekeeping } from '../../../platform/queues/housekeeping';
import { Apps } from '../../tenancy';
import { ChatroomsRepository } from './chatrooms.repository';
import { ChatroomsService } from './chatrooms.service';
import { LiveRooms } from '../live/live-rooms';
import { roomMetrics } from '../live/metrics';

const SEEN_EVERY_MS = 30_000;
const TOUCHED_AT_ONCE = 1000;
/** Rooms of one app closed in one round; the next goes on. */
const CLOSED_MAX = 200;

/** Nodes say which rooms somebody is in; what nobody is in for as long as its app says is closed. */
@Injectable()
export class RoomChores implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RoomChores.name);
  private readonly sightings = new Periodic(
    SEEN_EVERY_MS,
    () => this.seen(),
    (error) => this.logger.debug(`noting which rooms are in use failed, will retry: ${String(error)}`),
  );

  constructor(
    private readonly rooms: LiveRooms,
    private readonly chatrooms: ChatroomsService,
    private readonly repository: ChatroomsRepository,
    private readonly apps: Apps,
    housekeeping: Housekeeping,
  ) {
    housekeeping.add({ name: 'idle chatrooms', run: () => this.closeIdle() });
    roomMetrics.watchRooms(() => [...this.rooms.all()].length);
  }

  onApplicationBootstrap(): void {
    this.sightings.start();
  }

  onApplicationShutdown(): void {
    this.sightings.stop();
  }

  /** Somebody is in these rooms. */
  async seen(): Promise<void> {
    const pks = [...this.rooms.all()].filter(({ empty }) => !empty).map(({ conversation }) => conversation.lowPk);
    for (let at = 0; at < pks.length; at += TOUCHED_AT_ONCE) {
      await this.repository.touch(pks.slice(at, at + TOUCHED_AT_ONCE));
    }
  }

  private async closeIdle(): Promise<number> {
    let closed = 0;
    for (const [appPk, minutes] of await this.apps.idleChatroomMinutes()) {
      const app = await this.apps.byPk(appPk);
      if (!app) continue;
      for (const { chatroomId } of await this.repository.idle(appPk, minutes, CLOSED_MAX)) {
        await this.chatrooms.close({ kind: 'app', app }, chatroomId, { unasked: true });
        closed++;
      }
    }
    return closed;
  }
}

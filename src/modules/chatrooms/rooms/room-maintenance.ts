import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Periodic } from '../../../platform/lifecycle/periodic';
import { Housekeeping } from '../../../platform/queues/housekeeping';
import { Apps } from '../../tenancy';
import { ChatroomsRepository } from './chatrooms.repository';
import { ChatroomsService } from './chatrooms.service';
import { LiveRooms } from '../live/live-rooms';
import { roomMetrics } from '../live/metrics';

const TOUCH_INTERVAL_MS = 30_000;
const ROOMS_PER_STATEMENT = 1000;
/** Rooms closed per app and run; the next run goes on. */
const CLOSED_PER_APP_MAX = 200;

/** Notes which rooms have members, and closes those that were idle for as long as their app allows. */
@Injectable()
export class RoomMaintenance implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RoomMaintenance.name);
  private readonly touches = new Periodic(
    TOUCH_INTERVAL_MS,
    () => this.touchOccupied(),
    (error) =>
      this.logger.debug(
        `Rooms with members on this node could not be marked as in use; the next attempt is in 30 s: ${String(error)}`,
      ),
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
    this.touches.start();
  }

  onApplicationShutdown(): void {
    this.touches.stop();
  }

  /** Marks all rooms with members on this node as in use. */
  async touchOccupied(): Promise<void> {
    const pks = [...this.rooms.all()].filter(({ isEmpty }) => !isEmpty).map(({ conversation }) => conversation.lowPk);
    for (let at = 0; at < pks.length; at += ROOMS_PER_STATEMENT) {
      await this.repository.touch(pks.slice(at, at + ROOMS_PER_STATEMENT));
    }
  }

  private async closeIdle(): Promise<number> {
    let closed = 0;
    for (const [appPk, minutes] of await this.apps.idleChatroomMinutes()) {
      const app = await this.apps.byPk(appPk);
      if (!app) continue;
      for (const { chatroomId } of await this.repository.idle(appPk, minutes, CLOSED_PER_APP_MAX)) {
        await this.chatrooms.close({ kind: 'app', app }, chatroomId, { asSystem: true });
        closed++;
      }
    }
    return closed;
  }
}

import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Periodic } from '../../platform/lifecycle/periodic';
import { Live } from '../../platform/realtime/live';
import { PresenceWatch, type WatchedName } from './presence-watch';
import { UserDirectory } from './user-directory';

const LOOK_MS = 500;
const ASKED_AT_ONCE = 500;

/**
 * A node that dies tells nobody that its users are gone. So whoever notices that a node came or went, or that it missed
 * something, looks again at all whom its own sockets watch, and tells them what they have not heard.
 */
@Injectable()
export class PresenceDoubts implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(PresenceDoubts.name);
  private doubt = false;
  private readonly looks: Periodic;

  constructor(
    private readonly live: Live,
    private readonly watch: PresenceWatch,
    private readonly directory: UserDirectory,
  ) {
    live.onDoubt(() => (this.doubt = true));
    this.looks = new Periodic(
      LOOK_MS,
      () => this.look(),
      (error) => {
        // Nobody can say at the moment; asked until somebody can.
        this.doubt = true;
        this.logger.debug(`who is online is looked at later: ${String(error)}`);
      },
    );
  }

  onModuleInit(): void {
    this.looks.start();
  }

  onApplicationShutdown(): void {
    this.looks.stop();
  }

  private async look(): Promise<void> {
    if (!this.doubt) return;
    this.doubt = false;
    const byApp = new Map<number, WatchedName[]>();
    for (const name of this.watch.all()) {
      const names = byApp.get(name.appPk);
      if (names) names.push(name);
      else byApp.set(name.appPk, [name]);
    }
    for (const [appPk, names] of byApp) {
      for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
        await this.compare(appPk, names.slice(at, at + ASKED_AT_ONCE));
      }
    }
  }

  private async compare(appPk: number, names: readonly WatchedName[]): Promise<void> {
    const before = names.map(({ told }) => told);
    const users = await this.directory.findMany(
      appPk,
      names.map(({ userId }) => userId),
    );
    const online = await this.live.onlineForSure(
      appPk,
      [...users.values()].map(({ userPk }) => userPk),
    );
    names.forEach((name, index) => {
      if (name.told !== before[index]) return;
      this.watch.tell(name, online.has(users.get(name.userId)?.userPk ?? 0));
    });
  }
}

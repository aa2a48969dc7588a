import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Periodic } from '../../platform/lifecycle/periodic';
import { Live } from '../../platform/realtime/live';
import { PresenceWatch, type WatchedName } from './presence-watch';
import { UserDirectory } from './user-directory';

const CHECK_MS = 500;
const USERS_AT_ONCE = 500;

/**
 * A node that dies sends no presence events for its users. So every node, when another came or went or when frames are
 * missing, looks up all users whom its own sockets watch, and sends the events that they have not had.
 */
@Injectable()
export class PresenceReconciler implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(PresenceReconciler.name);
  private stale = false;
  private readonly checks: Periodic;

  constructor(
    private readonly live: Live,
    private readonly watch: PresenceWatch,
    private readonly directory: UserDirectory,
  ) {
    live.onPresenceUncertain(() => (this.stale = true));
    this.checks = new Periodic(
      CHECK_MS,
      () => this.reconcile(),
      (error) => {
        this.stale = true;
        this.logger.debug(`looking up who is online failed, will retry: ${String(error)}`);
      },
    );
  }

  onModuleInit(): void {
    this.checks.start();
  }

  onApplicationShutdown(): void {
    this.checks.stop();
  }

  private async reconcile(): Promise<void> {
    if (!this.stale) return;
    this.stale = false;
    const byApp = new Map<number, WatchedName[]>();
    for (const name of this.watch.all()) {
      const names = byApp.get(name.appPk);
      if (names) names.push(name);
      else byApp.set(name.appPk, [name]);
    }
    for (const [appPk, names] of byApp) {
      for (let at = 0; at < names.length; at += USERS_AT_ONCE) {
        await this.compare(appPk, names.slice(at, at + USERS_AT_ONCE));
      }
    }
  }

  private async compare(appPk: number, names: readonly WatchedName[]): Promise<void> {
    const before = names.map(({ version }) => version);
    const users = await this.directory.findMany(
      appPk,
      names.map(({ userId }) => userId),
    );
    const online = await this.live.onlineExactly(
      appPk,
      [...users.values()].map(({ userPk }) => userPk),
    );
    names.forEach((name, index) => {
      // An event that came meanwhile is newer than what was looked up.
      if (name.version !== before[index]) return;
      this.watch.tell(name, online.has(users.get(name.userId)?.userPk ?? 0));
    });
  }
}

import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings } from '../config/settings';
import { Sql } from '../database/sql';
import { Periodic } from '../lifecycle/periodic';
import { Admission } from './admission';
import { Connections } from './connections';
import { engineOf } from './engine-socket';
import { Outbound } from './outbound';
import { ServingPeers } from './serving-peers';
import { Readiness } from '../observability/readiness';

const LOOK_MS = 1000;
/** A database that answered anybody within this time is slow, perhaps, but there. */
const UNHEARD_MS = 3000;
/** So long cut off, and the sockets are sent to another node. */
const PATIENCE_MS = 2000;
/** Clients come back spread over this time; then what is still open is closed. */
const SPREAD_MS = 3000;
const CLOSE_BATCH = 200;
const BATCH_PAUSE_MS = 10;

/**
 * A node that the database does not answer lets nobody in; and where another node could serve, it sends its sockets
 * there instead of keeping them on RETRY. It comes back by itself (protocol.md §2.12).
 */
@Injectable()
export class LoadShedding implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('nodes');
  private readonly looks = new Periodic(
    LOOK_MS,
    () => this.look(),
    (error) => this.logger.debug(`checking whether the database answers failed, will retry: ${String(error)}`),
  );
  private cutSince: number | undefined;
  private shedding = false;

  constructor(
    private readonly readiness: Readiness,
    private readonly sql: Sql,
    private readonly admission: Admission,
    private readonly peers: ServingPeers,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
    private readonly settings: Settings,
  ) {}

  onModuleInit(): void {
    if (this.settings.role === 'worker') return;
    this.peers.ready = () => this.cutSince === undefined && !this.admission.closed;
    this.looks.start();
  }

  onApplicationShutdown(): void {
    this.looks.stop();
  }

  private async look(): Promise<void> {
    const { database } = await this.readiness.check();
    const cut = database === 'down' && this.sql.unheardMs > UNHEARD_MS;
    if (!cut) this.cutSince = undefined;
    else this.cutSince ??= performance.now();
    this.admission.cutOff = cut;
    const lasted = this.cutSince === undefined ? 0 : performance.now() - this.cutSince;
    if (lasted < PATIENCE_MS || this.shedding || this.connections.count === 0 || !this.peers.anyReady) return;
    this.shedding = true;
    void this.shed().finally(() => (this.shedding = false));
  }

  private async shed(): Promise<void> {
    const open = [...this.connections.all()];
    this.logger.warn(
      `The database has not answered this node for ${Math.round(this.sql.unheardMs / 1000)} s, and another node can serve: ` +
        `${open.length} sockets are sent there. Sockets are let in again as soon as the database answers.`,
    );
    for (const connection of open) {
      this.outbound.say(connection, 'session:reconnect', { afterMs: Math.round(Math.random() * SPREAD_MS) });
    }
    await sleep(SPREAD_MS);
    for (let at = 0; at < open.length; at += CLOSE_BATCH) {
      // The transport only: a Socket.IO disconnect would tell plain clients not to come back.
      for (const { socket } of open.slice(at, at + CLOSE_BATCH)) engineOf(socket).close();
      await sleep(BATCH_PAUSE_MS);
    }
  }
}

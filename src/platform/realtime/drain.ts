import { type BeforeApplicationShutdown, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import { Settings } from '../config/settings';
import { Admission } from './admission';
import { Bus } from './bus';
import { Connections } from './connections';
import { Dispatcher } from './dispatcher';
import { Outbound } from './outbound';
import { engineOf } from './engine-socket';

/** Clients come back spread over this time: to other nodes, or to this one as soon as it is up again. */
const SPREAD_MS = 20_000;
const SPREAD_ALONE_MS = 2000;
const POLL_MS = 10;
const CLOSE_BATCH = 200;

/** An Engine.IO connection, kicked ones included, that may still wait to say goodbye. */
interface Waiting {
  transport: { shouldClose?: (() => void) | null };
}

/** An orderly goodbye: nobody new, answers for what was begun, then the sockets. */
@Injectable()
export class Drain implements BeforeApplicationShutdown, OnApplicationShutdown {
  private done: Promise<void> | undefined;

  constructor(
    private readonly admission: Admission,
    private readonly bus: Bus,
    private readonly connections: Connections,
    private readonly dispatcher: Dispatcher,
    private readonly outbound: Outbound,
    private readonly settings: Settings,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    await this.drain();
  }

  /**
   * Engine.IO waits half a minute for the next poll of a polling client, to tell it of the end. Nobody listens for polls
   * by now, so it need not.
   */
  onApplicationShutdown(): void {
    const { clients = {} } = (this.dispatcher.server?.engine ?? {}) as { clients?: Record<string, Waiting> };
    for (const { transport } of Object.values(clients)) transport.shouldClose?.();
  }

  /** Ends when every socket is told to close; at most `drainMs` are spent on unfinished events. Safe to call again. */
  drain(): Promise<void> {
    this.done ??= this.run();
    return this.done;
  }

  private async run(): Promise<void> {
    this.admission.closed = true;
    const spreadMs = this.bus.peers.length > 0 ? SPREAD_MS : SPREAD_ALONE_MS;
    for (const connection of this.connections.all()) {
      this.outbound.say(connection, 'session:reconnect', { afterMs: Math.round(Math.random() * spreadMs) });
    }
    const deadline = performance.now() + this.settings.realtime.drainMs;
    while (this.dispatcher.unanswered > 0 && performance.now() < deadline) await sleep(POLL_MS);

    const open = [...this.connections.all()];
    for (let at = 0; at < open.length; at += CLOSE_BATCH) {
      // The transport only: a Socket.IO disconnect would tell plain clients not to come back.
      for (const { socket } of open.slice(at, at + CLOSE_BATCH)) engineOf(socket).close();
      await sleep(POLL_MS);
    }
  }
}

import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Bus } from './bus';
import type { Connection } from './connection';
import { Connections } from './connections';
import { Outbound } from './outbound';

/** Hints are spread, so that all clients of a node do not pull at once. */
const SPREAD_MS = 5000;
const SLOTS = 50;

/** After a gap on the bus, tells this node's clients that they may have missed something (protocol.md §2.4). */
@Injectable()
export class GapHints implements OnModuleInit, OnApplicationShutdown {
  private queue: Connection[] = [];
  private perSlot = 0;
  /** A gap during the spread: those hinted already must be hinted again. */
  private again = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly bus: Bus,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
  ) {}

  onModuleInit(): void {
    this.bus.onGap(() => this.start());
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  private start(): void {
    if (this.timer) {
      this.again = true;
      return;
    }
    this.queue = [...this.connections.all()];
    if (this.queue.length === 0) return;
    this.perSlot = Math.ceil(this.queue.length / SLOTS);
    this.timer = setInterval(() => this.slot(), SPREAD_MS / SLOTS).unref();
  }

  private slot(): void {
    for (const connection of this.queue.splice(-this.perSlot)) {
      if (connection.socket.connected) this.outbound.say(connection, 'sync:hint', { reason: 'bus' });
    }
    if (this.queue.length > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
    if (!this.again) return;
    this.again = false;
    this.start();
  }
}

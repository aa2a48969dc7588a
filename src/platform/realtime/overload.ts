import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Settings } from '../config/settings';

const WINDOW_MS = 1000;
const RESOLUTION_MS = 20;
/** One long turn is an accident; late in each of these windows in a row is overload. */
const WINDOWS = 2;

/** Tells when this process has more to do than it can: then nobody new is let in until it has caught up. */
@Injectable()
export class Overload implements OnModuleInit, OnApplicationShutdown {
  private readonly pressures: (() => boolean)[] = [];
  private delay: IntervalHistogram | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lateWindows = 0;

  constructor(private readonly settings: Settings) {}

  onModuleInit(): void {
    this.delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
    this.delay.enable();
    this.timer = setInterval(() => this.look(), WINDOW_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    this.delay?.disable();
  }

  /** Another reason to refuse newcomers, such as a database pool that waits. Asked at every handshake: must be cheap. */
  addPressure(pressure: () => boolean): void {
    this.pressures.push(pressure);
  }

  get now(): boolean {
    return this.lateWindows >= WINDOWS || this.pressures.some((pressure) => pressure());
  }

  private look(): void {
    if (!this.delay) return;
    const late = this.delay.percentile(99) / 1e6 - RESOLUTION_MS > this.settings.realtime.overloadLagMs;
    this.lateWindows = late ? this.lateWindows + 1 : 0;
    this.delay.reset();
  }
}

import { halfJitter, type Backoff, type Clock } from './clock';
import type { ParleyError } from './errors';

/** Open while the server can be called. */
export class Gate {
  private opened = false;
  private waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.opened;
  }

  open(): void {
    this.opened = true;
    this.wake();
  }

  /** Ends every pause too: what follows it is `whenOpen`, and no timer outlives the connection. */
  close(): void {
    this.opened = false;
    this.wake();
  }

  async whenOpen(): Promise<void> {
    while (!this.opened) await this.nextChange();
  }

  /** Waits `ms`, or until the gate moves: after a reconnect nothing needs to be waited out. */
  async pause(ms: number, clock: Clock): Promise<void> {
    await new Promise<void>((resolve) => {
      const early = () => {
        clock.clearTimeout(timer);
        resolve();
      };
      const timer = clock.setTimeout(() => {
        this.waiting = this.waiting.filter((waiter) => waiter !== early);
        resolve();
      }, ms);
      this.waiting.push(early);
    });
  }

  /** Before a call is repeated that failed for now: as long as the server asked, and longer each time. */
  pauseAfter({ retryAfterMs = 0 }: ParleyError, attempt: number, backoff: Backoff, clock: Clock): Promise<void> {
    return this.pause(Math.max(retryAfterMs, halfJitter(attempt, backoff, clock)), clock);
  }

  private wake(): void {
    const ready = this.waiting;
    this.waiting = [];
    for (const go of ready) go();
  }

  private nextChange(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}

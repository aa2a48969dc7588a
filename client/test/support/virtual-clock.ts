import type { Clock, Timer } from '../../src/clock';

/** Time that passes only when told to; between two timers every promise that can settle has settled. */
export class VirtualClock implements Clock {
  private time = 1_000_000;
  private last = 0;
  private readonly timers = new Map<number, { at: number; run: () => void }>();

  constructor(private readonly chance: () => number = () => 0.5) {}

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance();
  }

  setTimeout(run: () => void, ms: number): Timer {
    this.last += 1;
    this.timers.set(this.last, { at: this.time + Math.max(0, ms), run });
    return this.last;
  }

  clearTimeout(timer: Timer): void {
    this.timers.delete(timer as number);
  }

  get pending(): number {
    return this.timers.size;
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await settle();
    for (let next = this.next(until); next; next = this.next(until)) {
      const [id, { at, run }] = next;
      this.timers.delete(id);
      this.time = Math.max(this.time, at);
      run();
      await settle();
    }
    this.time = until;
  }

  private next(until: number): [number, { at: number; run: () => void }] | undefined {
    const due = [...this.timers].filter(([, { at }]) => at <= until);
    return due.sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];
  }
}

/** Lets every promise that is ready run to its end. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

import type { Clock, Timer } from './clock';
import type { Drawer } from './storage';

const EVERY_MS = 250;

/**
 * Keeps how far things were read, written four times a second at most: a crash in between repeats the last messages to
 * the application, it loses none.
 */
export class Notes {
  private readonly changed = new Map<string, string>();
  private timer?: Timer;

  constructor(
    private readonly drawer: Drawer,
    private readonly clock: Clock,
  ) {}

  note(key: string, value: string): void {
    this.changed.set(key, value);
    this.timer ??= this.clock.setTimeout(() => void this.write(), EVERY_MS);
  }

  async write(): Promise<void> {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    const changed = [...this.changed];
    this.changed.clear();
    try {
      for (const [key, value] of changed) await this.drawer.set(key, value);
    } catch (thrown) {
      console.warn('parley: the device storage failed', thrown);
    }
  }
}

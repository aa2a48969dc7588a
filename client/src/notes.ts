import type { Clock, Timer } from './clock';
import type { Drawer } from './storage';
import type { Cursor } from './sync';

/** How far an earlier run got. */
export interface Progress {
  positions: [conversationId: string, have: number][];
  cursor: Cursor;
}

const EVERY_MS = 250;
const POSITION = 'position/';
const CURSOR = 'cursor';

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

  position(conversationId: string, have: number): void {
    this.note(POSITION + conversationId, String(have));
  }

  cursor(cursor: Cursor): void {
    this.note(CURSOR, JSON.stringify(cursor));
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

  private note(key: string, value: string): void {
    this.changed.set(key, value);
    this.timer ??= this.clock.setTimeout(() => void this.write(), EVERY_MS);
  }
}

/** What was kept, read again. */
export function progressOf(notes: Iterable<readonly [key: string, value: string]>): Progress {
  const progress: Progress = { positions: [], cursor: { userSeq: 0 } };
  for (const [key, value] of notes) {
    if (key === CURSOR) progress.cursor = JSON.parse(value) as Cursor;
    else if (key.startsWith(POSITION)) progress.positions.push([key.slice(POSITION.length), Number(value)]);
  }
  return progress;
}

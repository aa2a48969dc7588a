import type { Frame } from '../../../platform/realtime/frame';

/** A message on its way to a room's listeners on this node. */
export interface Spoken {
  readonly seq: number;
  /** The conversation's memberVersion when it was stored, or later. */
  readonly version: number;
  readonly frame: Frame;
  readonly exceptSocketId?: string;
}

export interface FeedPorts {
  /** Hands out the next message. */
  publish(spoken: Spoken): void;
  /** The room's version as this node has applied it. */
  version(): number;
  /** Brings the room to this version at least: who was removed is out when it resolves. */
  refresh(version: number): Promise<void>;
  /** Messages after `seq`, oldest first, at most `READ_MAX`. */
  read(after: number): Promise<Spoken[]>;
  /** The latest messages there are, oldest first, at most `RECENT_MAX`. */
  latest(): Promise<Spoken[]>;
}

/** Messages kept for who joins: the most that it may ask for. */
export const RECENT_MAX = 50;
/** Read at once; as long as messages can be, they are 3 MB. */
export const READ_MAX = 50;
/** Messages that wait for those before them; beyond it they are read from the log. */
const WAITING_MAX = 1000;
/** Nodes store at the same time, and what one says may overtake the other's: a hole is given this long to close. */
const HOLE_MS = 50;
/** After a read failed. */
const AGAIN_MS = 1000;
/** Further behind than this, listeners are not shown all of it: the hole in the seqs tells them what to pull. */
const BEHIND_MAX = 1000;

/**
 * The messages of one room as one node hands them out: strictly by seq, each once, whatever order and however often they
 * come. What never comes is read from the log. Who joins gets the latest of them and everything that follows in the same
 * turn of the event loop, so that nothing can fall between, or come twice.
 */
export class RoomFeed {
  /** The last messages handed out, oldest first. */
  recent: Spoken[] = [];
  private readonly waiting = new Map<number, Spoken>();
  private last: number | undefined;
  private busy = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ports: FeedPorts) {}

  /** Seq of the last message that was handed out. */
  get have(): number {
    return this.last ?? 0;
  }

  /** What was said before: from here on the feed goes on by itself. Messages heard meanwhile are not lost. */
  start(latest: Spoken[], maxSeq: number): void {
    this.recent = latest;
    this.last = Math.max(maxSeq, latest[latest.length - 1]?.seq ?? 0);
    this.proceed();
  }

  hear(spoken: Spoken): void {
    if (spoken.seq <= this.have || this.waiting.size >= WAITING_MAX) return;
    // The first to say it is the node that stored it, which knows the sending socket.
    if (!this.waiting.has(spoken.seq)) this.waiting.set(spoken.seq, spoken);
    this.proceed();
  }

  /** Reads what the log has beyond what was heard. */
  catchUp(): void {
    if (this.busy || this.last === undefined) return;
    this.stopWaiting();
    this.busy = true;
    void this.readOn().finally(() => {
      this.busy = false;
      this.proceed();
    });
  }

  stop(): void {
    this.stopWaiting();
    this.last = undefined;
    this.waiting.clear();
  }

  private proceed(): void {
    if (this.busy || this.last === undefined) return;
    for (;;) {
      const next = this.waiting.get(this.have + 1);
      if (!next) break;
      if (next.version > this.ports.version()) return this.refreshFor(next.version);
      this.handOut(next);
    }
    for (const seq of this.waiting.keys()) if (seq <= this.have) this.waiting.delete(seq);
    if (this.waiting.size > 0) this.timer ??= setTimeout(() => this.catchUp(), HOLE_MS).unref();
    else this.stopWaiting();
  }

  private handOut(spoken: Spoken): void {
    this.waiting.delete(spoken.seq);
    this.last = spoken.seq;
    this.recent.push(spoken);
    if (this.recent.length > RECENT_MAX) this.recent.shift();
    this.ports.publish(spoken);
  }

  /** Somebody was removed meanwhile, perhaps: nothing is said before that is known here. */
  private refreshFor(version: number): void {
    this.busy = true;
    this.ports.refresh(version).then(
      () => {
        this.busy = false;
        this.proceed();
      },
      () => {
        this.busy = false;
        this.timer ??= setTimeout(() => this.retry(), AGAIN_MS).unref();
      },
    );
  }

  private retry(): void {
    this.stopWaiting();
    this.proceed();
  }

  private async readOn(): Promise<void> {
    try {
      for (let read = 0; ; read += READ_MAX) {
        if (read > BEHIND_MAX) return await this.jump();
        // Only what was heard before the page was read must be in it: what is heard meanwhile may be ahead of the page.
        const heard = Math.min(...this.waiting.keys());
        const page = await this.ports.read(this.have);
        if (this.last === undefined) return;
        const first = page[0]?.seq ?? heard;
        // What the log no longer holds was forgotten before anybody here heard it.
        if (Number.isFinite(first) && first > this.have + 1) this.last = first - 1;
        for (const spoken of page) await this.handOutRead(spoken);
        if (page.length < READ_MAX) return;
      }
    } catch {
      // The database is away: asked again soon, and at every audit.
      this.timer = setTimeout(() => this.catchUp(), AGAIN_MS).unref();
    }
  }

  private async handOutRead(read: Spoken): Promise<void> {
    if (read.seq !== this.have + 1) return;
    const spoken = this.waiting.get(read.seq) ?? read;
    if (spoken.version > this.ports.version()) await this.ports.refresh(spoken.version);
    if (this.last !== undefined) this.handOut(spoken);
  }

  private async jump(): Promise<void> {
    const latest = await this.ports.latest();
    const first = latest[0];
    if (this.last === undefined || !first || first.seq <= this.have) return;
    this.last = first.seq - 1;
    this.recent = [];
    for (const spoken of latest) await this.handOutRead(spoken);
  }

  private stopWaiting(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

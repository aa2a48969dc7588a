import type { Frame } from '../../../platform/realtime/frame';

/** A message on its way to a room's sockets on this node. */
export interface RoomMessage {
  readonly seq: number;
  /** The conversation's memberVersion when it was stored, or later. */
  readonly version: number;
  readonly frame: Frame;
  readonly exceptSocketId?: string;
}

export interface FeedPorts {
  /** Sends the next message to the room's sockets. */
  publish(message: RoomMessage): void;
  /** The version up to which this node has applied removals. */
  version(): number;
  /** Brings the room to at least this version; removed members are out when it resolves. */
  refresh(version: number): Promise<void>;
  /** Messages after `seq`, oldest first, at most `READ_MAX`. */
  read(after: number): Promise<RoomMessage[]>;
  /** The latest messages there are, oldest first, at most `RECENT_MAX`. */
  latest(): Promise<RoomMessage[]>;
}

/** Messages kept for sockets that join, as many as they may ask for. */
export const RECENT_MAX = 50;
/** Messages per log read; with messages of the maximum length that is 3 MB. */
export const READ_MAX = 50;
/** Messages held back until those before them arrive; further ones are dropped and read from the log. */
const PENDING_MAX = 1000;
/** Frames of two nodes may overtake each other, so a gap has this long to close before the log is read. */
const GAP_TIMEOUT_MS = 50;
/** Delay before a failed read is tried again. */
const RETRY_MS = 1000;
/** A feed that is further behind skips to the latest messages; the gap in the seqs tells clients what to pull. */
const CATCH_UP_MAX = 1000;

/**
 * Delivers a room's messages on one node strictly by seq and each once, in whatever order and however often they arrive.
 * Messages that do not arrive are read from the log. A socket that joins gets `recent` and is subscribed in the same turn
 * of the event loop, so that it neither misses a message nor receives one twice.
 */
export class RoomFeed {
  /** The last delivered messages, oldest first. */
  recent: RoomMessage[] = [];
  private readonly pending = new Map<number, RoomMessage>();
  private last: number | undefined;
  private busy = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly ports: FeedPorts) {}

  /** Seq of the last delivered message; 0 before the feed has started. */
  get lastSeq(): number {
    return this.last ?? 0;
  }

  /** Starts delivery after `maxSeq`. Messages received before the start are kept and delivered now. */
  start(latest: RoomMessage[], maxSeq: number): void {
    this.recent = latest;
    this.last = Math.max(maxSeq, latest[latest.length - 1]?.seq ?? 0);
    this.deliverReady();
  }

  receive(message: RoomMessage): void {
    if (message.seq <= this.lastSeq || this.pending.size >= PENDING_MAX) return;
    // The first copy comes from the node that stored the message, and only that one knows the sending socket.
    if (!this.pending.has(message.seq)) this.pending.set(message.seq, message);
    this.deliverReady();
  }

  /** Reads the messages after `lastSeq` from the log. */
  catchUp(): void {
    if (this.busy || this.last === undefined) return;
    this.clearTimer();
    this.busy = true;
    void this.readLog().finally(() => {
      this.busy = false;
      this.deliverReady();
    });
  }

  stop(): void {
    this.clearTimer();
    this.last = undefined;
    this.pending.clear();
  }

  private deliverReady(): void {
    if (this.busy || this.last === undefined) return;
    for (;;) {
      const next = this.pending.get(this.lastSeq + 1);
      if (!next) break;
      if (next.version > this.ports.version()) return this.refreshThenDeliver(next.version);
      this.deliver(next);
    }
    for (const seq of this.pending.keys()) if (seq <= this.lastSeq) this.pending.delete(seq);
    if (this.pending.size > 0) this.timer ??= setTimeout(() => this.catchUp(), GAP_TIMEOUT_MS).unref();
    else this.clearTimer();
  }

  private deliver(message: RoomMessage): void {
    this.pending.delete(message.seq);
    this.last = message.seq;
    this.recent.push(message);
    if (this.recent.length > RECENT_MAX) this.recent.shift();
    this.ports.publish(message);
  }

  /** Members may have been removed before this message was stored, so removals are applied before it is delivered. */
  private refreshThenDeliver(version: number): void {
    this.busy = true;
    this.ports.refresh(version).then(
      () => {
        this.busy = false;
        this.deliverReady();
      },
      () => {
        this.busy = false;
        this.timer ??= setTimeout(() => this.retry(), RETRY_MS).unref();
      },
    );
  }

  private retry(): void {
    this.clearTimer();
    this.deliverReady();
  }

  private async readLog(): Promise<void> {
    try {
      for (let read = 0; ; read += READ_MAX) {
        if (read > CATCH_UP_MAX) return await this.skipToLatest();
        // Taken before the read: a message that arrives during it may be newer than the page.
        const firstPending = Math.min(...this.pending.keys());
        const page = await this.ports.read(this.lastSeq);
        if (this.last === undefined) return;
        const first = page[0]?.seq ?? firstPending;
        // Messages missing from the log have expired, so nobody waits for them.
        if (Number.isFinite(first) && first > this.lastSeq + 1) this.last = first - 1;
        for (const message of page) await this.deliverFromLog(message);
        if (page.length < READ_MAX) return;
      }
    } catch {
      // The database does not answer: tried again after a second and at every audit.
      this.timer = setTimeout(() => this.catchUp(), RETRY_MS).unref();
    }
  }

  private async deliverFromLog(read: RoomMessage): Promise<void> {
    if (read.seq !== this.lastSeq + 1) return;
    const message = this.pending.get(read.seq) ?? read;
    if (message.version > this.ports.version()) await this.ports.refresh(message.version);
    if (this.last !== undefined) this.deliver(message);
  }

  private async skipToLatest(): Promise<void> {
    const latest = await this.ports.latest();
    const first = latest[0];
    if (this.last === undefined || !first || first.seq <= this.lastSeq) return;
    this.last = first.seq - 1;
    this.recent = [];
    for (const message of latest) await this.deliverFromLog(message);
  }

  private clearTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}

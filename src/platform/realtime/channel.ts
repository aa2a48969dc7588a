import type { Connection } from './connection';
import type { Frame } from './frame';
import { counts } from './metrics';
import type { Outbound } from './outbound';
import type { Pass, Passes } from './passes';
import { type Item, Round } from './round';

/** What may wait for a pass; more than a socket may lag behind would only be held back by all of them. Characters. */
const WAITING_CHARS_MAX = 256 * 1024;
/**
 * Clients that read batches wait a little between passes, so that there is something to batch: 50 µs for each of them,
 * about eight times what writing to it takes, so that a busy room leaves most of the process to everybody else.
 */
const PAUSE_MS_A_LISTENER = 0.05;
const PAUSE_MS_MAX = 50;

/**
 * The listeners of one room on this node. A connection hears exactly what is published after it was added, in order,
 * until it is removed; a slow one loses frames as `Outbound` says, and finds them in the log. Every message is encoded
 * once and lies in one buffer for all, and no pass keeps the event loop for long (`Passes`).
 */
export class Channel {
  private readonly plain: Lane;
  private readonly batching: Lane;

  constructor(passes: Passes, outbound: Outbound) {
    this.plain = new Lane(passes, outbound, () => 0);
    this.batching = new Lane(passes, outbound, (listeners) => Math.min(PAUSE_MS_MAX, listeners * PAUSE_MS_A_LISTENER));
  }

  get size(): number {
    return this.plain.size + this.batching.size;
  }

  add(connection: Connection): void {
    this.laneOf(connection).add(connection);
  }

  /** From here on it hears nothing more of this channel, not even what was published before and is still waiting. */
  remove(connection: Connection): void {
    this.laneOf(connection).remove(connection);
  }

  /** To all but the sockets of these ids. */
  publish(frame: Frame, except?: Item['except']): void {
    const item = { frame, except };
    this.plain.publish(item);
    this.batching.publish(item);
  }

  private laneOf({ features }: Connection): Lane {
    return features.has('batch') ? this.batching : this.plain;
  }
}

/** Listeners that are served at the same pace. What is published during a pass waits for the next one. */
class Lane implements Pass {
  /** Each with how many items had been published when it came. */
  private readonly listeners = new Map<Connection, number>();
  private published = 0;
  private waiting: Item[] = [];
  private waitingChars = 0;
  private pass: { round: Round; listeners: Iterator<[Connection, number]>; before: number } | undefined;
  /** A pass is under way or asked for. */
  private awake = false;
  private restUntil = 0;

  constructor(
    private readonly passes: Passes,
    private readonly outbound: Outbound,
    private readonly pauseMs: (listeners: number) => number,
  ) {}

  get size(): number {
    return this.listeners.size;
  }

  add(connection: Connection): void {
    if (!this.listeners.has(connection)) this.listeners.set(connection, this.published);
  }

  remove(connection: Connection): void {
    this.listeners.delete(connection);
  }

  publish(item: Item): void {
    if (this.listeners.size === 0) return;
    this.published++;
    this.waiting.push(item);
    this.waitingChars += item.frame.text.length;
    // The oldest go: whoever hears what came after them sees that something is missing.
    while (this.waitingChars > WAITING_CHARS_MAX && this.waiting.length > 1) this.dropOldest();
    this.wake();
  }

  proceed(sockets: number): boolean {
    this.pass ??= this.takeWaiting();
    const { round, listeners, before } = this.pass;
    for (let left = sockets; left > 0; left--) {
      const next = listeners.next();
      if (next.done) {
        this.finish();
        return true;
      }
      const [connection, since] = next.value;
      round.writeTo(connection, Math.max(0, since - before));
    }
    return false;
  }

  private wake(): void {
    if (this.awake) return;
    this.awake = true;
    const pauseMs = this.restUntil - performance.now();
    if (pauseMs > 0) setTimeout(() => this.passes.begin(this), pauseMs).unref();
    else this.passes.begin(this);
  }

  private takeWaiting(): { round: Round; listeners: Iterator<[Connection, number]>; before: number } {
    const round = new Round(this.waiting, this.outbound);
    const before = this.published - this.waiting.length;
    this.waiting = [];
    this.waitingChars = 0;
    this.restUntil = performance.now() + this.pauseMs(this.listeners.size);
    // The map may change under the iterator: who goes is left out, who comes is met last and hears what is for it.
    return { round, listeners: this.listeners.entries(), before };
  }

  private finish(): void {
    this.pass = undefined;
    this.awake = false;
    if (this.waiting.length > 0) this.wake();
  }

  private dropOldest(): void {
    this.waitingChars -= this.waiting.shift()?.frame.text.length ?? 0;
    counts.liveFramesHeldBack += this.listeners.size;
  }
}

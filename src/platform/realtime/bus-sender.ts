import type { BusFrameName, BusFrames } from '../../kernel/contracts/bus-frames';
import type { BusEcho } from './bus-echo';
import { count, counts } from './metrics';
import { RecentFrames } from './recent-frames';
import type { RedisLink } from './redis-link';

/** Frames of one publish. */
const BATCH_FRAMES_MAX = 256;
/** Publishes that Redis has not answered: when it stalls, what follows is dropped, and shows as a hole. */
const UNANSWERED_MAX = 512;

/** The target that is everybody; each node's id is one too. */
export const ALL = 'all';

/** `[from, n, frames, sent?]`; a heartbeat's `sent` says how many batches went to each node's own channel. */
export type Batch = [from: string, n: number, frames: [BusFrameName, never][], sent?: Record<string, number> | 'left'];

/** What one turn of the event loop has for a channel: texts of frames, and which of them the fallback must bring. */
interface PendingFrames {
  readonly frames: string[];
  readonly forFallback: string[];
}

/** The way to Redis. */
export interface BusRoute {
  readonly nodeId: string;
  readonly echoes: BusEcho;
  link(): RedisLink | undefined;
  channel(target: string): string;
  /** The text with proof, on this channel, that a node published it. */
  sign(channel: string, text: string): string;
  /** Called when something could not be published. */
  lost(): void;
}

/** What this node sends on the bus: everything of one turn of the event loop in one numbered batch for each target. */
export class BusSender {
  private readonly recent = new RecentFrames();
  private readonly numbers = new Map<string, number>();
  private pending = new Map<string, PendingFrames>();
  private unanswered = 0;

  constructor(private readonly route: BusRoute) {}

  /** `logged`: whoever cannot receive it finds it in the log, so that the fallback need not bring it. */
  send<F extends BusFrameName>(target: string, name: F, frame: BusFrames[F], logged: boolean): void {
    if (this.pending.size === 0) setImmediate(() => this.flush());
    const text = JSON.stringify([name, frame]);
    let pending = this.pending.get(target);
    if (!pending) this.pending.set(target, (pending = { frames: [], forFallback: [] }));
    pending.frames.push(text);
    if (!logged) pending.forFallback.push(text);
  }

  /** Tells everybody that this node is there, and how much it has sent to each of these. */
  sendHeartbeat(peers: readonly string[], now: number): void {
    const sent: Record<string, number> = {};
    for (const peer of peers) sent[peer] = this.sentTo(peer);
    this.publish(ALL, { frames: [], forFallback: [] }, sent);
    this.recent.expire(now);
  }

  /** Tells everybody that it goes. */
  sendGoodbye(): void {
    this.publish(ALL, { frames: [], forFallback: [] }, 'left');
  }

  /** How many batches were sent to a target so far. */
  sentTo(target: string): number {
    return this.numbers.get(target) ?? 0;
  }

  flush(): void {
    const { pending } = this;
    this.pending = new Map();
    for (const [target, { frames, forFallback }] of pending) {
      for (let at = 0; at < frames.length; at += BATCH_FRAMES_MAX) {
        const isLast = at + BATCH_FRAMES_MAX >= frames.length;
        const part = frames.slice(at, at + BATCH_FRAMES_MAX);
        this.publish(target, { frames: part, forFallback: isLast ? forFallback : [] });
      }
    }
  }

  /** JSON of a `FallbackBatch`: what was sent lately to all and to these, and is in no earlier one. */
  takeFallbackBatch(peers: readonly string[]): string {
    this.flush();
    return this.recent.take(new Map([ALL, ...peers].map((target): [string, number] => [target, this.sentTo(target)])));
  }

  /** Numbers a batch, and publishes it if Redis is there; if not, the number is missed by whoever hears the next. */
  private publish(target: string, { frames, forFallback }: PendingFrames, sent?: Batch[3]): void {
    const n = this.sentTo(target) + 1;
    this.numbers.set(target, n);
    if (forFallback.length > 0) this.recent.add(target, n, forFallback, performance.now());
    const { nodeId, echoes } = this.route;
    const link = this.route.link();
    if (!link?.up || this.unanswered >= UNANSWERED_MAX) return this.lost('dropped', frames.length);
    const tail = sent === undefined ? '' : `,${JSON.stringify(sent)}`;
    const text = `["${nodeId}",${n},[${frames.join()}]${tail}]`;
    const channel = this.route.channel(target);
    if (target === ALL) echoes.left(n, performance.now());
    this.unanswered++;
    count(counts.bus, 'published', frames.length);
    link.commands
      .publish(channel, this.route.sign(channel, text))
      .catch(() => this.lost('failed', frames.length))
      .finally(() => this.unanswered--);
  }

  private lost(how: 'dropped' | 'failed', frames: number): void {
    count(counts.bus, how, frames);
    this.route.lost();
  }
}

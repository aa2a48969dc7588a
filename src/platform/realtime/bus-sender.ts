import type { BusFrameName, BusFrames } from '../../kernel/contracts/bus-frames';
import type { BusEcho } from './bus-echo';
import { KeptFrames } from './kept-frames';
import { count, counts } from './metrics';
import type { RedisLink } from './redis-link';

/** Frames of one publish. */
const BATCH_FRAMES_MAX = 256;
/** Publishes that Redis has not answered: when it stalls, what follows is dropped, and shows as a hole. */
const UNANSWERED_MAX = 512;

/** The target that is everybody; each node's id is one too. */
export const ALL = 'all';

/** `[from, n, frames, sent?]`; a beat's `sent` says how many batches went to each node's own channel. */
export type Batch = [from: string, n: number, frames: [BusFrameName, never][], sent?: Record<string, number> | 'left'];

/** What one turn of the event loop has for a channel: texts of frames, and which of them may go into a letter. */
interface Waiting {
  readonly frames: string[];
  readonly kept: string[];
}

/** The way to Redis. */
export interface BusRoute {
  readonly nodeId: string;
  readonly echoes: BusEcho;
  link(): RedisLink | undefined;
  channel(target: string): string;
  /** Proves on a channel that a node said this. */
  seal(channel: string, text: string): string;
  /** Told when something could not be published. */
  lost(): void;
}

/** What this node says on the bus: everything of one turn of the event loop in one numbered batch for each target. */
export class BusSender {
  private readonly kept = new KeptFrames();
  private readonly numbers = new Map<string, number>();
  private waiting = new Map<string, Waiting>();
  private unanswered = 0;

  constructor(private readonly route: BusRoute) {}

  /** `logged`: whoever cannot hear it finds it in the database, so that no letter need say it. */
  say<F extends BusFrameName>(target: string, name: F, frame: BusFrames[F], logged: boolean): void {
    if (this.waiting.size === 0) setImmediate(() => this.flush());
    const text = JSON.stringify([name, frame]);
    let waiting = this.waiting.get(target);
    if (!waiting) this.waiting.set(target, (waiting = { frames: [], kept: [] }));
    waiting.frames.push(text);
    if (!logged) waiting.kept.push(text);
  }

  /** Tells everybody that this node is there, and how much it has said to each of these. */
  beat(peers: readonly string[], now: number): void {
    const sent: Record<string, number> = {};
    for (const peer of peers) sent[peer] = this.said(peer);
    this.publish(ALL, { frames: [], kept: [] }, sent);
    this.kept.expire(now);
  }

  /** Tells everybody that it goes. */
  leave(): void {
    this.publish(ALL, { frames: [], kept: [] }, 'left');
  }

  /** Batches that were said to a target so far. */
  said(target: string): number {
    return this.numbers.get(target) ?? 0;
  }

  flush(): void {
    const { waiting } = this;
    this.waiting = new Map();
    for (const [target, { frames, kept }] of waiting) {
      for (let at = 0; at < frames.length; at += BATCH_FRAMES_MAX) {
        const isLast = at + BATCH_FRAMES_MAX >= frames.length;
        this.publish(target, { frames: frames.slice(at, at + BATCH_FRAMES_MAX), kept: isLast ? kept : [] });
      }
    }
  }

  /** The text of a letter with what was said to all and to these lately, and went into none. */
  takeLetter(peers: readonly string[]): string {
    this.flush();
    return this.kept.take(new Map([ALL, ...peers].map((target): [string, number] => [target, this.said(target)])));
  }

  /** Numbers a batch, and publishes it if Redis is there; if not, the number is missed by whoever hears the next. */
  private publish(target: string, { frames, kept }: Waiting, sent?: Batch[3]): void {
    const n = this.said(target) + 1;
    this.numbers.set(target, n);
    if (kept.length > 0) this.kept.add(target, n, kept, performance.now());
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
      .publish(channel, this.route.seal(channel, text))
      .catch(() => this.lost('failed', frames.length))
      .finally(() => this.unanswered--);
  }

  private lost(how: 'dropped' | 'failed', frames: number): void {
    count(counts.bus, how, frames);
    this.route.lost();
  }
}

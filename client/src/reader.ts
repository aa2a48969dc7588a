import type { WireMessage } from './catalogue';
import { halfJitter, type Clock, type Timer } from './clock';
import { ParleyError } from './errors';

/** A message of the log: it has its place. */
export type LogMessage = WireMessage & { seq: number };

/** Messages that will not be delivered, told so that nothing is left out silently. */
export interface Skipped {
  conversationId: string;
  /** Both inclusive. */
  from: number;
  to: number;
  /** `too-far`: more than `catchUpLimit` behind, read them with `history`. `unavailable`: the server gives no such rows. */
  reason: 'too-far' | 'unavailable';
}

export interface ReaderPorts {
  /** Oldest first, after the exclusive bound. */
  pull(conversationId: string, after: number, limit: number): Promise<WireMessage[]>;
  /** Called once for each message, strictly in order. */
  deliver(message: LogMessage): void;
  skipped(gap: Skipped): void;
  /** The conversation is now held up to here. */
  advanced(conversationId: string, have: number): void;
}

export interface ReaderOptions {
  /** How long a hole may wait for the frame that fills it before it is pulled. */
  gapWaitMs: number;
  bufferMax: number;
  pullLimit: number;
  catchUpLimit: number;
}

const PULL_BACKOFF = { firstMs: 500, mostMs: 10_000 };
/** So many empty answers in a row settle that the server has nothing for us there. */
const EMPTY_ANSWERS_MAX = 3;

/**
 * One conversation, read in order (protocol.md §2.4). Live frames are hints that may come twice, late or never; the log
 * behind `pull` is the truth. Whatever arrives, the application sees `have + 1` next.
 */
export class Reader {
  /** The highest seq we know to exist. */
  private target: number;
  private readonly buffer = new Map<number, LogMessage>();
  private timer?: Timer;
  private pulling = false;
  private applying = false;
  private held = true;
  private failures = 0;
  private emptyAnswers = 0;
  /** Raised when what is in flight no longer counts. */
  private era = 0;

  /** `have` undefined: a room just joined, whose first frames say where it begins. */
  constructor(
    readonly conversationId: string,
    private have: number | undefined,
    private readonly ports: ReaderPorts,
    private readonly options: ReaderOptions,
    private readonly clock: Clock,
  ) {
    this.target = have ?? 0;
  }

  get position(): number {
    return this.have ?? 0;
  }

  /** A frame, from wherever. */
  offer(message: LogMessage): void {
    if (message.seq <= this.position) return;
    this.target = Math.max(this.target, message.seq);
    this.keep(message);
    this.advance();
  }

  /** There is something up to here. */
  tip(maxSeq: number): void {
    if (maxSeq <= this.target && this.pulling) return;
    this.target = Math.max(this.target, maxSeq);
    this.have ??= Math.min(maxSeq, this.firstBuffered()) - 1;
    this.drain();
    if (!this.held && this.target > this.position) void this.catchUp();
  }

  /** Joined a room whose log ended there: it begins with what has been heard of it, or goes on where it was left. */
  begin(maxSeq: number): void {
    // A pull from before may have been refused for not being in.
    this.era += 1;
    this.have ??= Math.min(maxSeq, this.firstBuffered() - 1);
    this.tip(maxSeq);
  }

  /** Nothing more will come: hands out what has, and tells what is missing. */
  end(): void {
    this.era += 1;
    this.disarm();
    this.held = false;
    this.have ??= Math.min(this.target, this.firstBuffered() - 1);
    for (const seq of [...this.buffer.keys()].sort((a, b) => a - b)) this.skipTo(seq - 1, 'unavailable');
    this.skipTo(this.target, 'unavailable');
    this.held = true;
  }

  /** Below `minSeq` there is nothing for this user. */
  floor(minSeq: number): void {
    const below = minSeq - 1;
    if (this.have === undefined || this.have >= below) return;
    if (this.have > 0) this.skipTo(below, 'unavailable');
    else this.moveTo(below);
  }

  /** The store was restored: what we hold above its end never was. */
  rewind(maxSeq: number): void {
    this.era += 1;
    this.target = maxSeq;
    if (!this.held) this.buffer.clear();
    for (const seq of this.buffer.keys()) this.target = Math.max(this.target, seq);
    if (this.position > maxSeq) {
      this.have = maxSeq;
      this.ports.advanced(this.conversationId, maxSeq);
    }
    this.advance();
  }

  /** Frames are kept but not delivered, and nothing is pulled, until `release`. */
  hold(): void {
    this.held = true;
    this.disarm();
  }

  release(): void {
    this.held = false;
    this.failures = 0;
    this.emptyAnswers = 0;
    this.advance();
    if (this.have !== undefined && this.target > this.have) void this.catchUp();
  }

  private keep(message: LogMessage): void {
    this.buffer.set(message.seq, message);
    // The furthest are the ones to let go: a pull brings them back last.
    if (this.buffer.size > this.options.bufferMax) this.buffer.delete(Math.max(...this.buffer.keys()));
  }

  private advance(): void {
    if (this.held || this.applying) return;
    this.drain();
    if (this.target <= this.position) return this.disarm();
    if (this.buffer.size >= this.options.bufferMax && this.failures === 0) void this.catchUp();
    else this.arm(this.options.gapWaitMs);
  }

  /** Delivers what follows without a hole. A listener may cause more to arrive meanwhile: it waits its turn. */
  private drain(): void {
    if (this.applying || this.have === undefined) return;
    this.applying = true;
    // Looked up anew each time: a listener may stop the client or move us.
    for (let next = this.following(); next; next = this.following()) {
      this.buffer.delete(next.seq);
      this.have = next.seq;
      this.ports.deliver(next);
      this.ports.advanced(this.conversationId, next.seq);
    }
    this.applying = false;
  }

  /** Infinity when nothing is buffered. */
  private firstBuffered(): number {
    return Math.min(...this.buffer.keys());
  }

  private following(): LogMessage | undefined {
    return this.held ? undefined : this.buffer.get(this.position + 1);
  }

  private arm(ms: number): void {
    if (this.timer !== undefined || this.pulling) return;
    this.timer = this.clock.setTimeout(() => {
      this.timer = undefined;
      if (this.buffer.size > 0) this.have ??= this.firstBuffered() - 1;
      this.drain();
      void this.catchUp();
    }, ms);
  }

  private disarm(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async catchUp(): Promise<void> {
    if (this.pulling || this.held) return;
    this.disarm();
    this.pulling = true;
    let again = 0;
    while (!this.held && !again && this.target > this.position) {
      this.leap();
      again = await this.pullOnce();
    }
    this.pulling = false;
    if (!this.held && this.target > this.position) this.arm(again || this.options.gapWaitMs);
  }

  /** Pulls one page; answers after how many milliseconds to try again, 0 for at once. */
  private async pullOnce(): Promise<number> {
    const { era, position } = this;
    try {
      const items = await this.ports.pull(this.conversationId, position, this.options.pullLimit);
      if (era !== this.era || this.held) return 0;
      this.failures = 0;
      this.take(items);
      return this.position > position ? this.foundSome() : this.foundNothing();
    } catch (thrown) {
      if (era !== this.era || this.held) return 0;
      const error = ParleyError.of(thrown);
      if (error.definite) return this.giveUp();
      this.failures += 1;
      return Math.max(error.retryAfterMs ?? 0, halfJitter(this.failures - 1, PULL_BACKOFF, this.clock), 1);
    }
  }

  private take(items: WireMessage[]): void {
    const log = items.filter((item): item is LogMessage => item.seq !== undefined);
    for (const message of log.sort((a, b) => a.seq - b.seq)) {
      if (message.seq <= this.position) continue;
      this.target = Math.max(this.target, message.seq);
      // The log has no holes, so one in its answer is a stretch that this user may not read.
      if (message.seq > this.position + 1) this.skipTo(message.seq - 1, 'unavailable');
      this.buffer.set(message.seq, message);
      this.drain();
    }
  }

  private foundSome(): number {
    this.emptyAnswers = 0;
    return 0;
  }

  private foundNothing(): number {
    this.emptyAnswers += 1;
    if (this.emptyAnswers < EMPTY_ANSWERS_MAX) return halfJitter(this.emptyAnswers, PULL_BACKOFF, this.clock) + 1;
    this.emptyAnswers = 0;
    if (this.buffer.size === 0) return this.giveUp();
    this.skipTo(this.firstBuffered() - 1, 'unavailable');
    return 0;
  }

  /** Not ours to read (any more). The next frame or hint starts afresh. */
  private giveUp(): number {
    this.buffer.clear();
    this.target = this.position;
    return 0;
  }

  private leap(): void {
    const far = this.target - this.options.catchUpLimit;
    if (far > this.position) this.skipTo(far, 'too-far');
  }

  private skipTo(seq: number, reason: Skipped['reason']): void {
    this.drain();
    if (seq <= this.position) return;
    this.ports.skipped({ conversationId: this.conversationId, from: this.position + 1, to: seq, reason });
    this.moveTo(seq);
  }

  private moveTo(seq: number): void {
    this.have = seq;
    this.target = Math.max(this.target, seq);
    for (const held of this.buffer.keys()) if (held <= seq) this.buffer.delete(held);
    this.ports.advanced(this.conversationId, seq);
    this.drain();
  }
}

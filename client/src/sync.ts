import type { Call } from './calls';
import type { SyncReply, UserEvent, WireConversation, WireMessage } from './catalogue';
import { halfJitter, type Clock, type Timer } from './clock';
import { ParleyError } from './errors';
import type { Inbox } from './inbox';

export interface SyncPorts {
  call: Call;
  message(message: WireMessage): void;
  /** All conversations follow: what is known of their lines is void. */
  startOver(): void;
  conversation(conversation: WireConversation): void;
  userEvent(event: UserEvent): void;
  reset(reset: Reset): void;
  /** To be kept for the next run. */
  advanced(cursor: Cursor): void;
  failed(error: ParleyError): void;
}

/**
 * `store`: the server's database was restored, positions beyond its end are void. `snapshot`: too much was missed to be
 * told one by one; the conversation lines just given are the whole truth. Either way, what is on screen is best reloaded.
 */
export interface Reset {
  storeEpoch: string;
  reason: 'store' | 'snapshot';
}

export interface Cursor {
  userSeq: number;
  storeEpoch?: string;
}

const CONVERSATIONS_MAX = 500;
const RETRY = { firstMs: 500, mostMs: 10_000 };
const HEADS_EVERY_MS = 60_000;

/**
 * Finds out what was missed (protocol.md §2.5): everything after a connect, the heads once a minute and whenever the
 * server hints. While the first `sync` of a connection runs, live frames wait in the inbox.
 */
export class Sync {
  /** Raised by every loss of the connection: what was under way then no longer counts. */
  private era = 0;
  private running = false;
  private wanted = false;
  private heads?: Timer;
  private wake: () => void = () => undefined;

  constructor(
    private readonly ports: SyncPorts,
    private readonly inbox: Inbox,
    private readonly clock: Clock,
    private cursor: Cursor,
  ) {}

  connected(): void {
    this.request();
    this.armHeads();
  }

  lost(): void {
    this.era += 1;
    this.running = false;
    this.wanted = false;
    this.wake();
    this.inbox.hold();
    if (this.heads !== undefined) this.clock.clearTimeout(this.heads);
    this.heads = undefined;
  }

  /** Everything, as after a connect. One at a time; asked again meanwhile, it runs once more. */
  request(): void {
    this.wanted = true;
    if (!this.running) void this.run(this.era);
  }

  /** Only what moved: cheap, so asked often. */
  async check(): Promise<void> {
    const { era } = this;
    try {
      const conversations = this.inbox.positions(CONVERSATIONS_MAX);
      const reply = await this.ports.call('sync:heads', { conversations });
      if (era !== this.era) return;
      if (reply.storeEpoch !== this.cursor.storeEpoch || reply.userSeq > this.cursor.userSeq) return this.request();
      for (const [conversationId, maxSeq] of reply.conversations) this.inbox.tip(conversationId, maxSeq);
    } catch (thrown) {
      const error = ParleyError.of(thrown);
      // Asked again in a minute anyway.
      if (error.definite) this.ports.failed(error);
    }
  }

  /** A live user event; they carry their own numbers, so a missed one shows. */
  userEvent(event: UserEvent): void {
    if (event.userSeq <= this.cursor.userSeq) return;
    if (event.userSeq > this.cursor.userSeq + 1) return this.request();
    this.move({ ...this.cursor, userSeq: event.userSeq });
    this.ports.userEvent(event);
  }

  private async run(era: number): Promise<void> {
    this.running = true;
    for (let attempt = 0; this.wanted && era === this.era; attempt += 1) {
      this.wanted = false;
      try {
        await this.pages(era);
        if (era === this.era) this.inbox.release();
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        if (era !== this.era) return;
        if (error.definite) {
          // Live frames and pulls still work; better those than nothing.
          this.ports.failed(error);
          this.inbox.release();
        } else {
          this.wanted = true;
          await this.sleep(Math.max(error.retryAfterMs ?? 0, halfJitter(attempt, RETRY, this.clock)));
        }
      }
    }
    if (era === this.era) this.running = false;
  }

  private async pages(era: number): Promise<void> {
    const conversations = this.inbox.positions(CONVERSATIONS_MAX);
    const { userSeq, storeEpoch } = this.cursor;
    const replies: SyncReply[] = [];
    let page: string | undefined;
    do {
      const reply: SyncReply = await this.ports.call('sync', {
        userSeq,
        ...(storeEpoch !== undefined && { storeEpoch }),
        conversations,
        ...(page !== undefined && { page }),
      });
      if (era !== this.era) return;
      replies.push(reply);
      page = reply.nextPage;
    } while (page !== undefined);
    this.apply(replies);
  }

  /** All pages together, so that another store is known with all its conversations before anything is rewound. */
  private apply(replies: SyncReply[]): void {
    const [first] = replies;
    if (!first) return;
    const { storeEpoch } = first;
    const listed = replies.flatMap((reply) => reply.conversations);
    const anotherStore = this.cursor.storeEpoch !== undefined && this.cursor.storeEpoch !== storeEpoch;
    const isSnapshot = replies.some(({ reset }) => reset);
    this.inbox.hold();
    if (anotherStore || isSnapshot) this.ports.startOver();
    if (anotherStore) this.inbox.rewind(new Map(listed.map(({ conversationId, maxSeq }) => [conversationId, maxSeq])));
    this.applyEvents(replies, first);
    for (const conversation of listed) {
      this.inbox.learn(conversation);
      this.ports.conversation(conversation);
    }
    for (const message of replies.flatMap((reply) => reply.messages ?? [])) this.ports.message(message);
    if (anotherStore) this.ports.reset({ storeEpoch, reason: 'store' });
    else if (isSnapshot) this.ports.reset({ storeEpoch, reason: 'snapshot' });
  }

  private applyEvents(replies: SyncReply[], { storeEpoch, userSeq, reset }: SyncReply): void {
    const from = reset ? userSeq : this.cursor.userSeq;
    const events = replies.flatMap((reply) => reply.userEvents).filter((event) => event.userSeq > from);
    events.sort((a, b) => a.userSeq - b.userSeq);
    for (const event of events) this.ports.userEvent(event);
    const upTo = Math.max(from, userSeq, events[events.length - 1]?.userSeq ?? 0);
    this.move({ userSeq: upTo, storeEpoch });
    // More events than one answer holds.
    if (replies.some((reply) => reply.userSeq > upTo)) this.wanted = true;
  }

  private move(cursor: Cursor): void {
    this.cursor = cursor;
    this.ports.advanced(cursor);
  }

  private sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.clock.setTimeout(resolve, ms);
      this.wake = () => {
        this.clock.clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Spread by a fifth either way, so that clients do not come in step. */
  private armHeads(): void {
    const ms = HEADS_EVERY_MS * (0.8 + 0.4 * this.clock.random());
    this.heads = this.clock.setTimeout(() => {
      this.armHeads();
      void this.check();
    }, ms);
  }
}

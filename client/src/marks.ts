import type { Call } from './calls';
import type { ClientEvents } from './catalogue';
import type { Clock, Timer } from './clock';
import { ParleyError } from './errors';
import type { Gate } from './gate';

type ReadReply = ClientEvents['conversation:read']['reply'];

/** A burst makes one mark. */
const COALESCE_MS = 20;
const RETRY = { firstMs: 1000, mostMs: 30_000 };

/** Both high-water marks of a reader (protocol.md §2.6). */
export class Marks {
  private readonly unsaid = new Map<string, number>();
  private timer?: Timer;
  private saidAt = 0;

  constructor(
    private readonly call: Call,
    private readonly gate: Gate,
    private readonly clock: Clock,
    private readonly everyMs = 1000,
  ) {}

  /** Delivered up to here: said at most once a second, for whatever has come by then. Marks are cumulative. */
  received(conversationId: string, seq: number): void {
    this.unsaid.set(conversationId, Math.max(seq, this.unsaid.get(conversationId) ?? 0));
    if (!this.gate.isOpen) return;
    const soonest = Math.max(COALESCE_MS, this.saidAt + this.everyMs - this.clock.now());
    this.timer ??= this.clock.setTimeout(() => this.say(), soonest);
  }

  /** Read up to here; resolves when the server has stored it, through reconnects if need be. */
  async read(conversationId: string, seq: number): Promise<ReadReply> {
    for (let attempt = 0; ; attempt += 1) {
      await this.gate.whenOpen();
      try {
        return await this.call('conversation:read', { conversationId, seq });
      } catch (thrown) {
        const error = ParleyError.of(thrown);
        if (error.definite) throw error;
        await this.gate.pauseAfter(error, attempt, RETRY, this.clock);
      }
    }
  }

  /** Says at once what waits, as after a reconnect or before a clean goodbye. */
  say(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.gate.isOpen) return;
    this.saidAt = this.clock.now();
    const marks = [...this.unsaid];
    this.unsaid.clear();
    for (const [conversationId, seq] of marks) {
      this.call('message:received', { conversationId, seq }).catch((thrown: unknown) => {
        // Kept for the next time, unless the server will not have it.
        if (!ParleyError.of(thrown).definite) this.received(conversationId, seq);
      });
    }
  }
}

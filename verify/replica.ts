import type { WireMessage } from '../src/kernel/contracts/message';

/** A message of the log: those always have a seq. */
export type LoggedMessage = WireMessage & { seq: number };

/** What one device holds of one conversation: everything up to `have`, and a few that came too early. */
export class Replica {
  have = 0;
  /** The highest seq that the server spoke of. */
  known = 0;
  pulling = false;
  private readonly early = new Map<number, LoggedMessage>();

  /** The messages that can be applied now, in order; none when it is known already or too early. */
  take(message: LoggedMessage): LoggedMessage[] {
    this.known = Math.max(this.known, message.seq);
    if (message.seq <= this.have) return [];
    if (message.seq > this.have + 1) {
      if (this.early.size < 200) this.early.set(message.seq, message);
      return [];
    }
    const applied: LoggedMessage[] = [];
    for (let next: LoggedMessage | undefined = message; next; next = this.early.get(this.have + 1)) {
      this.have = next.seq;
      this.early.delete(next.seq);
      applied.push(next);
    }
    return applied;
  }

  get incomplete(): boolean {
    return this.known > this.have;
  }
}

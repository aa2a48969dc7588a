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
    if (message.seq <= this.have + 1 || this.early.size < 200) this.early.set(message.seq, message);
    return this.drain();
  }

  /** Nothing before `seq` is for this device. Gives what can be applied now. */
  beginAt(seq: number): LoggedMessage[] {
    if (seq - 1 <= this.have) return [];
    this.have = seq - 1;
    for (const early of this.early.keys()) if (early < seq) this.early.delete(early);
    return this.drain();
  }

  /** The conversation is over for this device: what it lacks it will not get. */
  end(): void {
    this.known = this.have;
    this.early.clear();
  }

  private drain(): LoggedMessage[] {
    const applied: LoggedMessage[] = [];
    for (let next = this.early.get(this.have + 1); next; next = this.early.get(this.have + 1)) {
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

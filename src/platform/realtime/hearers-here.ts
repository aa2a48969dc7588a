import { Injectable } from '@nestjs/common';
import type { HearersAt } from '../../kernel/contracts/bus-frames';
import { Bus } from './bus';
import type { FindHearers } from './live';

/**
 * Frames of other nodes that name a conversation instead of its hearers: 10,000 names in every frame would cost more than
 * the message. Who they are is known here as a rule, and read once where it is not; what follows waits, to keep its order.
 */
@Injectable()
export class HearersHere {
  find: FindHearers = () => [];
  private readonly turns = new Map<number, Promise<void>>();

  constructor(private readonly bus: Bus) {}

  tell(stream: number, at: HearersAt, write: (userPks: readonly number[]) => void): void {
    const ahead = this.turns.get(stream);
    const found = ahead ? ahead.then(() => this.find(stream, at)) : this.find(stream, at);
    if (!('then' in found)) return write(found);
    const turn = found
      .then(write)
      // Nobody can say who would have heard it: this node's clients look for themselves.
      .catch(() => this.bus.gap('hole'))
      .finally(() => {
        if (this.turns.get(stream) === turn) this.turns.delete(stream);
      });
    this.turns.set(stream, turn);
  }
}

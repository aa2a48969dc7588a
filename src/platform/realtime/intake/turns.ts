import { Injectable } from '@nestjs/common';

/** Frames that were left for a later turn. */
export interface Waiting {
  /** Takes some of them, and waits again when there are more. */
  goOn(): void;
}

/** How long all that wait together may take of one turn: what everybody else's frames are late by, at most. Milliseconds. */
const SLICE_MS = 2;

/**
 * Counts the turns of the event loop, and gives connections that had more to say than their share of one a small part of
 * the next ones, in a circle: however much they send, what comes from others is read in between.
 */
@Injectable()
export class Turns {
  /** Of the running turn. It moves on only after somebody asked for it by `begin`. */
  number = 0;
  private readonly waiting = new Set<Waiting>();
  private scheduled = false;

  /** The running turn, for whoever counts something in it: the number will be another one in the next. */
  begin(): number {
    this.schedule();
    return this.number;
  }

  wait(one: Waiting): void {
    this.waiting.add(one);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(this.next);
  }

  private readonly next = (): void => {
    this.scheduled = false;
    this.number++;
    if (this.waiting.size === 0) return;
    const end = performance.now() + SLICE_MS;
    // Whoever waits again stands at the end, and has another go while there is time.
    for (const one of this.waiting) {
      this.waiting.delete(one);
      one.goOn();
      if (performance.now() >= end) break;
    }
    if (this.waiting.size > 0) this.schedule();
  };
}

import { Injectable } from '@nestjs/common';

/** One round over many sockets. */
export interface Pass {
  /** Writes to at most `sockets` of them; true when none is left. Must not throw. */
  proceed(sockets: number): boolean;
}

/** How long writing may keep the event loop from everything else. Milliseconds. */
const STRETCH_MS = 5;
/** Sockets written before the clock is read and the next pass has its turn; 64 take less than a millisecond. */
const SOCKETS_A_STEP = 64;

/**
 * Fan-out in stretches: all passes of this process together take one stretch of a few milliseconds in a turn of the event
 * loop, step by step in turns, so that neither a large room nor many rooms at once hold up everybody else. A pass begins
 * at the end of the turn in which it was asked for, so what is published together is written together.
 */
@Injectable()
export class Passes {
  private readonly waiting: Pass[] = [];
  private scheduled = false;

  begin(pass: Pass): void {
    this.waiting.push(pass);
    this.schedule();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => this.stretch());
  }

  private stretch(): void {
    this.scheduled = false;
    const end = performance.now() + STRETCH_MS;
    do {
      const pass = this.waiting.shift();
      if (!pass) return;
      if (!pass.proceed(SOCKETS_A_STEP)) this.waiting.push(pass);
    } while (performance.now() < end);
    if (this.waiting.length > 0) this.schedule();
  }
}

import { Injectable } from '@nestjs/common';

/** Frames that were deferred to a later turn. */
export interface DeferredFrames {
  /** Reads some of them, and defers the rest again. */
  continueReading(): void;
}

/** How long all deferred frames together may take of one turn: what everybody else's frames are late by, at most. Milliseconds. */
const SLICE_MS = 2;

/**
 * Counts the turns of the event loop, and reads deferred frames round-robin over their connections, in a small part of each
 * turn: however much a connection sends, what comes from others is read in between.
 */
@Injectable()
export class LoopTurns {
  /** Of the running turn. It moves on only after somebody asked for it by `begin`. */
  number = 0;
  private readonly deferred = new Set<DeferredFrames>();
  private scheduled = false;

  /** The running turn, for whoever counts something in it: the number differs in the next one. */
  begin(): number {
    this.schedule();
    return this.number;
  }

  defer(frames: DeferredFrames): void {
    this.deferred.add(frames);
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
    if (this.deferred.size === 0) return;
    const end = performance.now() + SLICE_MS;
    // What is deferred again goes to the end, and has another go while there is time.
    for (const frames of this.deferred) {
      this.deferred.delete(frames);
      frames.continueReading();
      if (performance.now() >= end) break;
    }
    if (this.deferred.size > 0) this.schedule();
  };
}

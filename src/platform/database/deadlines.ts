const LOOK_MS = 100;

/** Something waited for; given back to `end` when it has come. */
export interface Wait {
  readonly begun: number;
  readonly late: () => void;
}

/**
 * Ends every wait that takes too long. One timer looks at all of them, so a wait costs an entry in a set. Looks are
 * counted and not time: between two of them the process reads whatever has arrived, so an answer that lay there while
 * it was busy, or stopped, is never late.
 */
export class Deadlines {
  private looks = 0;
  private readonly looksMax: number;
  /** In the order in which they began. */
  private readonly waits = new Set<Wait>();
  private readonly timer: NodeJS.Timeout;

  /** @param ends asked at each look about what is late, with how long it has taken: while it says no, it is waited for on */
  constructor(
    ms: number,
    private readonly ends: (tookMs: number) => boolean = () => true,
  ) {
    // The first look may come at once.
    this.looksMax = Math.ceil(ms / LOOK_MS) + 1;
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  /** @param late what to do when it does not come in time; then it is not waited for any longer */
  begin(late: () => void): Wait {
    const wait = { begun: this.looks, late };
    this.waits.add(wait);
    return wait;
  }

  /** False when it was late. */
  end(wait: Wait): boolean {
    return this.waits.delete(wait);
  }

  /** How long the first has waited, to a tenth of a second; 0 when nobody does. */
  get longestMs(): number {
    for (const { begun } of this.waits) return (this.looks - begun) * LOOK_MS;
    return 0;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    this.looks++;
    for (const wait of this.waits) {
      if (this.looks - wait.begun < this.looksMax) return;
      if (!this.ends((this.looks - wait.begun) * LOOK_MS)) return;
      this.waits.delete(wait);
      wait.late();
    }
  }
}

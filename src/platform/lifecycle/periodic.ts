/**
 * Work that is done again and again, and never twice at once: what is asked for during a round is left to the next one. A
 * round that fails is told of, and does not end the others.
 */
export class Periodic {
  private timer: NodeJS.Timeout | undefined;
  private isUnderWay = false;

  constructor(
    private readonly everyMs: number,
    private readonly round: () => Promise<unknown> | undefined,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** The first round is after one interval. Keeps no process alive. */
  start(): void {
    this.timer = setInterval(() => void this.now(), this.everyMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** A round out of turn, unless one is under way. Resolves when it is over; never rejects. */
  async now(): Promise<void> {
    if (this.isUnderWay) return;
    this.isUnderWay = true;
    try {
      await this.round();
    } catch (error) {
      this.failed(error);
    } finally {
      this.isUnderWay = false;
    }
  }
}

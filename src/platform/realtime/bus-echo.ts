/** Batches on their way that are remembered; more than that are never out for as long as anybody would trust them. */
const REMEMBERED_MAX = 256;
const WAITING_MAX = 10_000;

/**
 * This node's own batches to all nodes, as Redis hands them back to it. Redis keeps its order for every listener, so when
 * a batch comes back everything that anybody published before it has been heard here.
 */
export class BusEcho {
  private readonly sent: { n: number; at: number }[] = [];
  private readonly waiting: { n: number; heard: () => void }[] = [];
  /** Everything that was published between these two moments has been heard. */
  provenAt = -Infinity;
  since = Infinity;

  left(n: number, at: number): void {
    if (this.sent.length >= REMEMBERED_MAX) this.sent.shift();
    this.sent.push({ n, at });
  }

  came(n: number): void {
    if (this.provenAt === -Infinity) this.since = performance.now();
    while (this.sent.length > 0 && this.sent[0].n <= n) this.provenAt = (this.sent.shift() as { at: number }).at;
    while (this.waiting.length > 0 && this.waiting[0].n <= n) this.waiting.shift()?.heard();
  }

  /** The subscription is new: what was published before it may have been missed. */
  restart(): void {
    this.sent.length = 0;
    this.waiting.length = 0;
    this.provenAt = -Infinity;
    this.since = Infinity;
  }

  /** Resolves when the batch of this number, the latest, has come back; perhaps never. */
  after(n: number): Promise<void> {
    return new Promise((heard) => {
      if (this.waiting.length < WAITING_MAX) this.waiting.push({ n, heard });
    });
  }
}

/** The bytes that a page may still take. Its first item always fits, or nobody would ever get past it. */
export class PageBudget {
  private empty = true;

  constructor(private left: number) {}

  /** Whether an item of this size goes in as well; then it is in. */
  take(bytes: number): boolean {
    if (!this.empty && bytes > this.left) return false;
    this.empty = false;
    this.left -= bytes;
    return true;
  }

  /** As many of these as go in, from the first on. */
  fill<T>(items: readonly T[], bytesOf: (item: T) => number): T[] {
    const end = items.findIndex((item) => !this.take(bytesOf(item)));
    return items.slice(0, end < 0 ? items.length : end);
  }

  /** Bytes that are left; never below 0. */
  get bytes(): number {
    return Math.max(0, this.left);
  }
}

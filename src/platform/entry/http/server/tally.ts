/** How many of each there are; what there is none of is forgotten. */
export class Tally {
  private readonly counts = new Map<string, number>();
  total = 0;

  of(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  add(name: string, by = 1): void {
    this.counts.set(name, this.of(name) + by);
    this.total += by;
  }

  take(name: string): void {
    const left = this.of(name) - 1;
    if (left > 0) this.counts.set(name, left);
    else this.counts.delete(name);
    this.total--;
  }
}

export interface RoundRobinQueueLimits {
  /** Items of one key, those taken and not done included. */
  perKeyMax: number;
  /** Items of all keys that wait. */
  waitingMax: number;
}

/** Items by key: keys take turns, and the next item of a key is handed out when the one before is done. */
export class RoundRobinQueue<Item> {
  /** Keys in the order of their turns. */
  private readonly waiting = new Map<string, Item[]>();
  private readonly underWay = new Set<string>();
  private size = 0;

  constructor(private readonly limits: RoundRobinQueueLimits) {}

  /** @returns false where there is no room for it */
  add(key: string, item: Item): boolean {
    const items = this.waiting.get(key) ?? [];
    const own = items.length + (this.underWay.has(key) ? 1 : 0);
    if (own >= this.limits.perKeyMax || this.size >= this.limits.waitingMax) return false;
    items.push(item);
    this.waiting.set(key, items);
    this.size++;
    return true;
  }

  take(): { key: string; item: Item } | undefined {
    for (const [key, items] of this.waiting) {
      if (this.underWay.has(key)) continue;
      const item = items.shift() as Item;
      if (items.length === 0) this.waiting.delete(key);
      this.underWay.add(key);
      this.size--;
      return { key, item };
    }
    return undefined;
  }

  /** Its next turn comes after everybody's who waits now. */
  done(key: string): void {
    this.underWay.delete(key);
    const items = this.waiting.get(key);
    if (!items) return;
    this.waiting.delete(key);
    this.waiting.set(key, items);
  }
}

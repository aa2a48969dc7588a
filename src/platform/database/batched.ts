interface Waiting<V> {
  resolve: (value: V | undefined) => void;
  reject: (error: unknown) => void;
}

/**
 * Look-ups of one turn of the event loop become one: a storm of logins or reads costs a few statements, not one each.
 * `load` answers for those keys that exist.
 */
export class Batched<K, V> {
  private waiting = new Map<K, Waiting<V>[]>();

  constructor(
    private readonly load: (keys: K[]) => Promise<ReadonlyMap<K, V>>,
    private readonly batchMax = 256,
  ) {}

  get(key: K): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      if (this.waiting.size === 0) setImmediate(() => this.flush());
      const known = this.waiting.get(key);
      if (known) known.push({ resolve, reject });
      else this.waiting.set(key, [{ resolve, reject }]);
    });
  }

  private flush(): void {
    const waiting = [...this.waiting];
    this.waiting = new Map();
    for (let start = 0; start < waiting.length; start += this.batchMax) {
      void this.answer(waiting.slice(start, start + this.batchMax));
    }
  }

  private async answer(waiting: [K, Waiting<V>[]][]): Promise<void> {
    try {
      const found = await this.load(waiting.map(([key]) => key));
      for (const [key, askers] of waiting) for (const { resolve } of askers) resolve(found.get(key));
    } catch (error) {
      for (const [, askers] of waiting) for (const { reject } of askers) reject(error);
    }
  }
}

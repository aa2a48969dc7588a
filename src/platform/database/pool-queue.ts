import type { Pool } from 'mysql2';

/** What mysql2 does not tell: how many wait for a connection. First come, first served. */
interface Waiters {
  readonly _connectionQueue: { readonly length: number };
}

/** More than may wait at once (`queueLimit`). */
const NOTED_MAX = 8192;

/** How long the pool lets those wait who ask for a connection now. Costs nothing while nobody has to. */
export class PoolQueue {
  /** When each of those who wait began to; before them, some who have been served since. */
  private since: number[] = [];

  constructor(private readonly pool: Pool & Partial<Waiters>) {
    // Said just before the entry, so what is noted so far belongs to those who wait already.
    pool.on('enqueue', () => {
      if (this.since.length >= NOTED_MAX) this.forgetServed();
      this.since.push(performance.now());
    });
  }

  /** 0 while nobody waits. */
  get longestWaitMs(): number {
    this.forgetServed();
    const [first] = this.since;
    return first === undefined ? 0 : performance.now() - first;
  }

  private forgetServed(): void {
    const waiting = this.pool._connectionQueue?.length ?? 0;
    this.since = waiting === 0 ? [] : this.since.slice(-waiting);
  }
}

import { LRUCache } from 'lru-cache';

export interface RowCacheOptions<V> {
  /** The row as it is now; undefined when there is none. */
  load: (pk: number) => Promise<V | undefined>;
  /** Rows kept; the longest unused go first. */
  max: number;
  /** Whether a row may be used without asking again that was asked for at this moment of `performance.now()`. */
  counts: (readAt: number) => boolean;
  /** Whether two versions of a row are the same; then the object known before is kept, so that holders share it. */
  same?: (before: V, now: V) => boolean;
}

interface Known<V> {
  readonly readAt: number;
  readonly row: V;
}

/**
 * Rows by primary key, read once for all who ask at the same time. Once `drop` has returned, nobody who asks then gets
 * what was read before it.
 */
export class RowCache<V extends object> {
  private readonly rows: LRUCache<number, Known<V>>;
  private readonly loading = new Map<number, Promise<V | undefined>>();

  constructor(private readonly options: RowCacheOptions<V>) {
    this.rows = new LRUCache({ max: options.max });
  }

  async get(pk: number): Promise<V | undefined> {
    const known = this.rows.get(pk);
    if (known && this.options.counts(known.readAt)) return known.row;
    return this.loading.get(pk) ?? this.load(pk);
  }

  drop(pk: number): void {
    this.rows.delete(pk);
    this.loading.delete(pk);
  }

  private load(pk: number): Promise<V | undefined> {
    const readAt = performance.now();
    const loading: Promise<V | undefined> = this.options.load(pk).then(
      (row) => this.arrived(pk, loading, readAt, row),
      (error: unknown) => {
        if (this.loading.get(pk) === loading) this.loading.delete(pk);
        throw error;
      },
    );
    this.loading.set(pk, loading);
    return loading;
  }

  private arrived(pk: number, loading: Promise<V | undefined>, readAt: number, row: V | undefined): V | undefined {
    // Dropped while it was read: it may be the row from before the change, so it is not kept.
    if (this.loading.get(pk) !== loading) return row;
    this.loading.delete(pk);
    if (!row) {
      this.rows.delete(pk);
      return undefined;
    }
    const before = this.rows.peek(pk)?.row;
    const kept = before && this.options.same?.(before, row) ? before : row;
    this.rows.set(pk, { readAt, row: kept });
    return kept;
  }
}

import { LRUCache } from 'lru-cache';

export interface TokenBucketOptions {
  /** Tokens that come back per second. */
  perSecond: number;
  /** What a key may take at once after a pause. */
  burst: number;
  /** Keys remembered; the one unused for longest is forgotten, and starts full. */
  max: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds, monotonic. */
  at: number;
}

/** Rate limits by key, in this process. */
export class TokenBuckets {
  private readonly buckets: LRUCache<string | number, Bucket>;
  private readonly perMs: number;

  constructor(
    private readonly options: TokenBucketOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.perMs = options.perSecond / 1000;
    this.buckets = new LRUCache({ max: options.max });
  }

  get burst(): number {
    return this.options.burst;
  }

  /** Takes `n` tokens: 0 when they were there, else the milliseconds after which they will be. A refusal takes none. */
  take(key: string | number, n = 1): number {
    const bucket = this.filled(key);
    if (bucket.tokens < n) return this.msFor(n - bucket.tokens);
    bucket.tokens -= n;
    return 0;
  }

  /** Takes what there is, at most `n`. */
  spend(key: string | number, n = 1): void {
    const bucket = this.filled(key);
    bucket.tokens = Math.max(0, bucket.tokens - n);
  }

  /** As `take`, but takes nothing. */
  missing(key: string | number, n = 1): number {
    const { tokens } = this.filled(key);
    return tokens < n ? this.msFor(n - tokens) : 0;
  }

  /**
   * Takes a token that is there or will be within `waitMaxMs`: the milliseconds until then; undefined, and none taken,
   * when those before have taken all that come back in this time.
   */
  reserve(key: string | number, waitMaxMs: number): number | undefined {
    const bucket = this.filled(key);
    const waitMs = bucket.tokens < 1 ? this.msFor(1 - bucket.tokens) : 0;
    if (waitMs > waitMaxMs) return undefined;
    bucket.tokens -= 1;
    return waitMs;
  }

  /** Puts back what was taken in advance. */
  give(key: string | number, n = 1): void {
    const bucket = this.filled(key);
    bucket.tokens = Math.min(this.options.burst, bucket.tokens + n);
  }

  private filled(key: string | number): Bucket {
    const { burst } = this.options;
    const now = this.now();
    let bucket = this.buckets.get(key);
    if (!bucket) {
      bucket = { tokens: burst, at: now };
      this.buckets.set(key, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * this.perMs);
    bucket.at = now;
    return bucket;
  }

  private msFor(tokens: number): number {
    return Math.ceil(tokens / this.perMs);
  }
}

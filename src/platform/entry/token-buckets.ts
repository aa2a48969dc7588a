export interface TokenBucketOptions {
  /** Tokens that come back per second. */
  perSecond: number;
  /** What a key may take at once after a pause. */
  burst: number;
  /** Keys remembered at most, and half of it at least; those unused for longest are forgotten, and start full. */
  max: number;
}

interface Bucket {
  tokens: number;
  /** Milliseconds, monotonic. */
  at: number;
}

/**
 * Rate limits by key, in this process. What is remembered stands in two maps, of which the older one is dropped as soon as
 * the newer one holds half of all that may be: a cache that keeps the order of its keys takes the room for all of them when
 * it is made, and there is one of these for every budget and kind of subject.
 */
export class TokenBuckets {
  private recent = new Map<string | number, Bucket>();
  private older = new Map<string | number, Bucket>();
  private readonly half: number;
  private readonly perMs: number;

  constructor(
    private readonly options: TokenBucketOptions,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.perMs = options.perSecond / 1000;
    this.half = Math.ceil(options.max / 2);
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
    const bucket = this.recent.get(key) ?? this.remember(key, this.older.get(key) ?? { tokens: burst, at: now });
    bucket.tokens = Math.min(burst, bucket.tokens + (now - bucket.at) * this.perMs);
    bucket.at = now;
    return bucket;
  }

  private remember(key: string | number, bucket: Bucket): Bucket {
    if (this.recent.size >= this.half) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(key, bucket);
    return bucket;
  }

  private msFor(tokens: number): number {
    return Math.ceil(tokens / this.perMs);
  }
}

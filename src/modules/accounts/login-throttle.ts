import { LRUCache } from 'lru-cache';
import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../../platform/config/settings';
import { TokenBuckets } from '../../platform/entry/token-buckets';

const WINDOW_SECONDS = 15 * 60;
const KEPT = 100_000;

/** How an attempt came out. */
export interface Attempt {
  right: () => void;
  wrong: () => void;
}

/**
 * Slows down whoever guesses at an account: so many failures in 15 minutes, and one more try as each part of the window
 * passes. An address that logged in to the account before has a bucket of its own there, so that a stranger's guesses do
 * not lock the owner out. (The door limits logins by address.) Lives in this process, so it never fails open.
 */
@Injectable()
export class LoginThrottle {
  private readonly failures: TokenBuckets;
  /** Accounts and the addresses they logged in from. */
  private readonly trusted = new LRUCache<string, true>({ max: KEPT });

  constructor({ limits }: Settings) {
    const burst = limits.failedLoginsMax;
    this.failures = new TokenBuckets({ perSecond: burst / WINDOW_SECONDS, burst, max: KEPT });
  }

  /**
   * Throws RATE_LIMITED when the account was failed too often.
   * @param guessable a password that somebody chose: then the try counts in advance, so that many at once count as many
   */
  attempt(account: string, address: string, guessable: boolean): Attempt {
    const pair = `${account}|${address}`;
    const key = this.trusted.get(pair) ? pair : account;
    const retryAfterMs = guessable ? this.failures.take(key) : this.failures.missing(key);
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
    return {
      right: () => {
        if (guessable) this.failures.give(key);
        this.trusted.set(pair, true);
      },
      wrong: () => {
        if (!guessable) this.failures.take(key);
      },
    };
  }
}

import { LRUCache } from 'lru-cache';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings';
import { addressKey, refuseFor } from './rate-limiter';
import { TokenBuckets } from './token-buckets';

const WINDOW_SECONDS = 15 * 60;
const REMEMBERED_MAX = 100_000;
/** Addresses new to an account may together try as often as so many of them alone, and then only one after the other. */
const NEW_ADDRESSES_BURST_FACTOR = 5;
const NEW_ADDRESSES_PER_SECOND = 0.5;
const NEW_ADDRESSES_WAIT_MAX_MS = 10_000;

/**
 * Slows down whoever guesses a secret that people choose, and never its owner elsewhere. Each address has so many failed
 * attempts at an account in 15 minutes; one more comes back as each part of that time passes. All addresses that never got
 * in to the account share a second allowance there, so that guessing from many is slow as well: beyond it they are tried
 * one every two seconds. A known address, one that got in before, is not held up by them. Kept in this process: nothing here
 * fails open, and a restart forgets it (docs/adr/0022).
 */
@Injectable()
export class BruteForceThrottle {
  private readonly pairs: TokenBuckets;
  private readonly newAddresses: TokenBuckets;
  /** Accounts and the addresses that got in to them. */
  private readonly known = new LRUCache<string, true>({ max: REMEMBERED_MAX });

  constructor({ limits }: Settings) {
    const burst = limits.failedLoginsMax;
    this.pairs = new TokenBuckets({ perSecond: burst / WINDOW_SECONDS, burst, max: REMEMBERED_MAX });
    this.newAddresses = new TokenBuckets({
      perSecond: NEW_ADDRESSES_PER_SECOND,
      burst: NEW_ADDRESSES_BURST_FACTOR * burst,
      max: REMEMBERED_MAX,
    });
  }

  /** Whether this address got in to the account before. */
  knows(account: string, address: string): boolean {
    return this.known.has(pairOf(account, address));
  }

  /**
   * One attempt at an account, counted in advance, so that many at once count as many.
   * @param account one name for an account, whatever it was called by
   * @param isRight compares; what it throws is no failed attempt
   * @throws AppError RATE_LIMITED (`details.budget: 'failedLogins'`), before anything is compared
   */
  async attempt(account: string, address: string, isRight: () => boolean | Promise<boolean>): Promise<boolean> {
    const pair = pairOf(account, address);
    const known = this.known.get(pair) === true;
    refuseFor('failedLogins', this.pairs.take(pair));
    if (!known) await this.queue(account, pair);
    let counts = false;
    try {
      const right = await isRight();
      counts = !right;
      if (right) this.known.set(pair, true);
      return right;
    } finally {
      if (!counts) this.forgive(account, pair, known);
    }
  }

  private async queue(account: string, pair: string): Promise<void> {
    const waitMs = this.newAddresses.reserve(account, NEW_ADDRESSES_WAIT_MAX_MS);
    if (waitMs === undefined) {
      this.pairs.give(pair);
      refuseFor('failedLogins', this.newAddresses.missing(account));
    } else if (waitMs > 0) await pause(waitMs);
  }

  private forgive(account: string, pair: string, known: boolean): void {
    this.pairs.give(pair);
    if (!known) this.newAddresses.give(account);
  }
}

/** What an address and an account are counted by together. */
export const pairOf = (account: string, address: string): string => `${account}|${addressKey(address)}`;

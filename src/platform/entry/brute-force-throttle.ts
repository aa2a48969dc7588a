import { LRUCache } from 'lru-cache';
import { setTimeout as pause } from 'node:timers/promises';
import { Injectable, Optional } from '@nestjs/common';
import { Settings } from '../config/settings';
import { QueueRedis } from '../queues/queue-redis';
import { SharedRates } from '../queues/shared-rates';
import { addressKey, refuseFor } from './rate-limiter';

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
 * one every two seconds. A known address, one that got in before, is not held up by them. All nodes count together; while
 * Redis is away each allows its share. Which addresses are known, each node remembers by itself (docs/adr/0022).
 */
@Injectable()
export class BruteForceThrottle {
  private readonly pairs: SharedRates;
  private readonly newAddresses: SharedRates;
  /** Accounts and the addresses that got in to them. */
  private readonly known = new LRUCache<string, true>({ max: REMEMBERED_MAX });

  /** @param redis absent in a process that has no queues, which counts by itself */
  constructor({ limits }: Settings, @Optional() redis?: QueueRedis) {
    const burst = limits.failedLoginsMax;
    const shared = { max: REMEMBERED_MAX, sharerMs: WINDOW_SECONDS * 1000, sharesBurst: true };
    const perSecond = burst / WINDOW_SECONDS;
    this.pairs = new SharedRates(redis, { name: 'failedLogins', perSecond, burst, ...shared });
    this.newAddresses = new SharedRates(redis, {
      name: 'failedLogins:new',
      perSecond: NEW_ADDRESSES_PER_SECOND,
      burst: NEW_ADDRESSES_BURST_FACTOR * burst,
      ...shared,
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
    refuseFor('failedLogins', await this.pairs.take(pair));
    if (!known) await this.queue(account, pair);
    let counts = false;
    try {
      const right = await isRight();
      counts = !right;
      if (right) this.known.set(pair, true);
      return right;
    } finally {
      if (!counts) await this.forgive(account, pair, known);
    }
  }

  private async queue(account: string, pair: string): Promise<void> {
    const { taken, waitMs } = await this.newAddresses.reserve(account, NEW_ADDRESSES_WAIT_MAX_MS);
    if (!taken) {
      await this.pairs.give(pair);
      refuseFor('failedLogins', waitMs);
    } else if (waitMs > 0) await pause(waitMs);
  }

  private async forgive(account: string, pair: string, known: boolean): Promise<void> {
    await Promise.all([this.pairs.give(pair), known ? undefined : this.newAddresses.give(account)]);
  }
}

/** What an address and an account are counted by together. */
export const pairOf = (account: string, address: string): string => `${account}|${addressKey(address)}`;

import { Injectable, Optional } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { QueueRedis } from '../queues/queue-redis';
import { SharedRates } from '../queues/shared-rates';
import { type BudgetName, BUDGETS, type RateSubjectKind } from './budgets';
import { addressKey, keyOf, type RateSubject, refuseFor } from './rate-limiter';

/** Subjects that a process remembers for the time without Redis. */
const SUBJECTS_MAX = 100_000;
/** Things are made so rarely that a process counts as one of those who share the budget for this long. */
const SHARER_MS = 3_600_000;

/**
 * The budgets that all nodes keep together, so that N nodes allow no more than one: things made by the hour, and passwords.
 * While Redis is away each node goes on with its share.
 */
@Injectable()
export class SharedRateLimiter {
  private readonly rates = new Map<string, SharedRates>();

  /** @param redis absent in a process that has no queues, which counts by itself */
  constructor({ limits }: Settings, @Optional() redis?: QueueRedis) {
    for (const [budget, { of, shared }] of Object.entries(BUDGETS)) {
      if (!shared) continue;
      for (const [subject, rateOf] of Object.entries(of)) {
        const name = `${budget}:${subject}`;
        const options = { ...rateOf(limits), name, max: SUBJECTS_MAX, sharerMs: SHARER_MS, sharesBurst: true };
        this.rates.set(name, new SharedRates(redis, options));
      }
    }
  }

  /** @throws AppError RATE_LIMITED; then nothing was taken from this budget */
  async consume(budget: BudgetName, caller: RateSubject, n = 1): Promise<void> {
    refuseFor(budget, await this.ratesOf(budget, caller.kind).take(keyOf(caller), n));
  }

  /** The same for whoever has not proven who they are. */
  async consumeByAddress(budget: BudgetName, address: string): Promise<void> {
    refuseFor(budget, await this.ratesOf(budget, 'address').take(addressKey(address)));
  }

  /**
   * Consumes `n` for what `make` makes: in advance, so that many at once are held to the budget too, and refunds it where
   * nothing came of it.
   *
   * @throws AppError RATE_LIMITED, LIMIT_REACHED for more at once than the budget ever holds; what `make` throws
   */
  async consumeFor<T>(budget: BudgetName, caller: RateSubject, n: number, make: () => Promise<T>): Promise<T> {
    const { burst } = this.ratesOf(budget, caller.kind);
    if (n > burst) {
      const message = `No more than ${burst} of these can be made in one call.`;
      throw new AppError('LIMIT_REACHED', { message, details: { budget, limit: burst } });
    }
    await this.consume(budget, caller, n);
    try {
      return await make();
    } catch (error) {
      // Also where nobody knows what was stored: whoever is told RETRY does not have it, and would be charged twice.
      await this.refund(budget, caller, n);
      throw error;
    }
  }

  /** Gives back what was consumed in advance. */
  refund(budget: BudgetName, caller: RateSubject, n = 1): Promise<void> {
    return this.ratesOf(budget, caller.kind).give(keyOf(caller), n);
  }

  private ratesOf(budget: BudgetName, subject: RateSubjectKind): SharedRates {
    const rates = this.rates.get(`${budget}:${subject}`);
    if (!rates) throw new Error(`the budget "${budget}" has no rate of ${subject} that nodes share`);
    return rates;
  }
}

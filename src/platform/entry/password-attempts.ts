import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../kernel/caller';
import { Settings } from '../config/settings';
import type { TaskOwner } from '../concurrency/fair-concurrency-limiter';
import { Passwords } from '../secrets/passwords';
import { BruteForceThrottle, pairOf } from './brute-force-throttle';
import { addressKey, refuseFor } from './rate-limiter';
import { SharedRateLimiter } from './shared-rate-limiter';
import { TokenBuckets } from './token-buckets';

const REMEMBERED_MAX = 100_000;

/** Who tries or sets a password. */
export interface PasswordUser {
  /** Those who take turns as one: an app's users, or developers. */
  readonly tenant: string;
  /** One name for the account, whatever it was called by; absent while it is being made. */
  readonly account?: string;
  readonly address: string;
}

/**
 * Every door at which people type passwords that they chose, which cost a slow hash each. An address has a small budget
 * of them; an app's server, which sets passwords for many, has one of its own. An address that got in to the account
 * before draws from a budget of this pair instead and waits in a queue of its own, so that nobody else at a shared
 * address, and no flood from elsewhere, keeps an owner out.
 */
@Injectable()
export class PasswordAttempts {
  private readonly knownPairs: TokenBuckets;

  constructor(
    private readonly rates: SharedRateLimiter,
    private readonly throttle: BruteForceThrottle,
    private readonly passwords: Passwords,
    { limits }: Settings,
  ) {
    this.knownPairs = new TokenBuckets({
      perSecond: limits.passwordsPerSecond,
      burst: limits.passwordsBurst,
      max: REMEMBERED_MAX,
    });
  }

  /**
   * Whether this is the account's password; an account without one costs the same.
   * @throws AppError RATE_LIMITED (`details.budget`: `failedLogins` or `passwords`) or BUSY, before anything is compared
   */
  isRight(
    user: PasswordUser & { account: string },
    password: string,
    stored: string | null | undefined,
  ): Promise<boolean> {
    return this.throttle.attempt(user.account, user.address, async () => {
      const { ok } = await this.passwords.verify(password, stored, await this.consume(user));
      return ok;
    });
  }

  /**
   * A password as it is kept.
   * @throws AppError RATE_LIMITED (`details.budget: 'passwords'`) or BUSY
   */
  async hash(user: PasswordUser, password: string): Promise<string> {
    return this.passwords.hashChosen(password, await this.consume(user));
  }

  /**
   * Before an app's server sets so many, all or none.
   * @throws AppError RATE_LIMITED (`details.budget: 'passwords'`)
   */
  async consumeForApp(caller: AppCaller, count: number): Promise<void> {
    if (count > 0) await this.rates.consume('passwords', caller, count);
  }

  /** One of those taken for; an app has one under way at a time. */
  hashForApp({ app }: AppCaller, password: string): Promise<string> {
    const group = `app-server:${app.pk}`;
    return this.passwords.hashChosen(password, { group, owner: group });
  }

  /** Consumes one of the budget that counts here. @returns by whom the slow hash is queued */
  private async consume({ tenant, account, address }: PasswordUser): Promise<TaskOwner> {
    const known = account !== undefined && this.throttle.knows(account, address);
    if (known) refuseFor('passwords', this.knownPairs.take(pairOf(account, address)));
    else await this.rates.consumeByAddress('passwords', address);
    const group = known ? `${tenant} known` : tenant;
    return { group, owner: `${group} ${addressKey(address)}` };
  }
}

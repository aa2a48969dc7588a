import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import type { TaskOwner } from '../concurrency/fair-concurrency-limiter';
import { Passwords } from '../secrets/passwords';
import { Guesses } from './guesses';
import { addressKey, Rates } from './rates';
import { TokenBuckets } from './token-buckets';

const REMEMBERED_MAX = 100_000;

/** Who tries or sets a password. */
export interface PasswordUser {
  /** Those who share a place in the line: an app's users, or developers. */
  readonly tenant: string;
  /** One name for the account, whatever it was called by; absent while it is being made. */
  readonly account?: string;
  readonly address: string;
}

/**
 * Every door at which people type passwords that they chose, which cost a slow hash each. An address has a small budget
 * of them; an app's server, which sets passwords for many, has one of its own. An address that got in to the account
 * before draws from a budget of this pair instead and stands in a line of its own, so that nobody else at a shared
 * address, and no flood from elsewhere, keeps an owner out.
 */
@Injectable()
export class PasswordTries {
  private readonly familiar: TokenBuckets;

  constructor(
    private readonly rates: Rates,
    private readonly guesses: Guesses,
    private readonly passwords: Passwords,
    { limits }: Settings,
  ) {
    this.familiar = new TokenBuckets({
      perSecond: limits.passwordsPerSecond,
      burst: limits.passwordsBurst,
      max: REMEMBERED_MAX,
    });
  }

  /**
   * Whether this is the account's password; an account without one costs the same.
   * @throws AppError RATE_LIMITED (`details.budget`: `guesses` or `passwords`) or BUSY, before anything is compared
   */
  isRight(
    user: PasswordUser & { account: string },
    password: string,
    stored: string | null | undefined,
  ): Promise<boolean> {
    return this.guesses.attempt(user.account, user.address, async () => {
      const { ok } = await this.passwords.verify(password, stored, this.draw(user));
      return ok;
    });
  }

  /**
   * A password as it is kept.
   * @throws AppError RATE_LIMITED (`details.budget: 'passwords'`) or BUSY
   */
  async hash(user: PasswordUser, password: string): Promise<string> {
    return this.passwords.hashChosen(password, this.draw(user));
  }

  /**
   * Before an app's server sets so many, all or none.
   * @throws AppError RATE_LIMITED (`details.budget: 'passwords'`)
   */
  takeForApp(caller: AppCaller, count: number): void {
    if (count > 0) this.rates.take('passwords', caller, count);
  }

  /** One of those taken for; an app has one under way at a time. */
  hashForApp({ app }: AppCaller, password: string): Promise<string> {
    const group = `app-server:${app.pk}`;
    return this.passwords.hashChosen(password, { group, owner: group });
  }

  private draw({ tenant, account, address }: PasswordUser): TaskOwner {
    const familiar = account !== undefined && this.guesses.knows(account, address);
    if (familiar) this.takeFamiliar(`${account}|${addressKey(address)}`);
    else this.rates.takeAddress('passwords', address);
    const group = familiar ? `${tenant} familiar` : tenant;
    return { group, owner: `${group} ${addressKey(address)}` };
  }

  private takeFamiliar(pair: string): void {
    const retryAfterMs = this.familiar.take(pair);
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs, details: { budget: 'passwords' } });
  }
}

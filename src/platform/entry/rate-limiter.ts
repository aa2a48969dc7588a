import { isIPv6 } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { AppRef, DeveloperCaller, OperatorCaller, UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import type { ErrorCode } from '../../kernel/errors/catalogue';
import { Settings, type LimitSettings } from '../config/settings';
import { type BudgetName, BUDGETS, type RateSubjectKind } from './budgets';
import { TokenBuckets } from './token-buckets';

/** Subjects remembered in one budget. */
const SUBJECTS_MAX = 200_000;

const WRONG_CREDENTIALS: ReadonlySet<ErrorCode> = new Set(['BAD_CREDENTIALS', 'UNAUTHENTICATED']);

type Buckets = Record<RateSubjectKind, TokenBuckets | undefined>;

/** Whom a budget is counted by: the caller, or the one in whose name something is done. */
export type RateSubject =
  | Pick<UserCaller, 'kind' | 'userPk'>
  | { readonly kind: 'app'; readonly app: Pick<AppRef, 'pk'> }
  | Pick<DeveloperCaller, 'kind' | 'developerPk'>
  | Pick<OperatorCaller, 'kind'>;

/**
 * The rate limits of this node, by budget and subject, but for those that all nodes keep together (SharedRateLimiter): a
 * user's sockets and their REST calls draw from the same ones. A few numbers a subject, in this process: nothing here waits,
 * and nothing fails open.
 */
@Injectable()
export class RateLimiter {
  private readonly buckets: Record<BudgetName, Buckets>;

  constructor({ limits }: Settings) {
    this.buckets = Object.fromEntries(
      Object.keys(BUDGETS).map((name) => [name, bucketsOf(name as BudgetName, limits)]),
    ) as Record<BudgetName, Buckets>;
  }

  /** @throws AppError RATE_LIMITED; then nothing was taken from this budget */
  consume(budget: BudgetName, caller: RateSubject, n = 1): void {
    this.consumeByKey(budget, caller.kind, keyOf(caller), n);
  }

  /**
   * Consumes for one call that counts so many times (`timesCounted`), at most all that the budget holds: it may have to
   * wait for a full one, and is not refused for ever.
   *
   * @throws AppError RATE_LIMITED; then nothing was taken
   */
  consumeCall(budget: BudgetName, caller: RateSubject, times: number): void {
    this.consumeByKey(budget, caller.kind, keyOf(caller), this.atMost(budget, caller.kind, times));
  }

  /** The same for whoever has not proven who they are. */
  consumeByAddress(budget: BudgetName, address: string, times = 1): void {
    this.consumeByKey(budget, 'address', addressKey(address), this.atMost(budget, 'address', times));
  }

  /** The same for a user of whom no more is known than a proven name: a handshake counts before anything is looked up. */
  consumeByUserId(budget: BudgetName, appPk: number, userId: string): void {
    this.consumeByKey(budget, 'user', userIdKey(appPk, userId), 1);
  }

  /** Counts an error that says wrong credentials against the address they came from; throws RATE_LIMITED beyond its rate. */
  countWrongCredentials(error: unknown, address: string): void {
    if (error instanceof AppError && WRONG_CREDENTIALS.has(error.code))
      this.consumeByAddress('wrongCredentials', address);
  }

  /** Whether this much of the budget is left; takes nothing. */
  addressHas(budget: BudgetName, address: string, n = 1): boolean {
    return this.buckets[budget].address?.missing(addressKey(address), n) === 0;
  }

  /** Takes what is left, at most `n`, and never refuses: for what has happened already. */
  penalizeUserId(budget: BudgetName, appPk: number, userId: string, n: number): void {
    this.buckets[budget].user?.spend(userIdKey(appPk, userId), n);
  }

  penalizeAddress(budget: BudgetName, address: string, n = 1): void {
    this.buckets[budget].address?.spend(addressKey(address), n);
  }

  private consumeByKey(budget: BudgetName, subject: RateSubjectKind, key: string | number, n: number): void {
    const retryAfterMs = this.bucketsOf(budget, subject).take(key, n);
    refuseFor(budget, retryAfterMs);
  }

  private atMost(budget: BudgetName, subject: RateSubjectKind, times: number): number {
    return times === 1 ? 1 : Math.min(times, this.bucketsOf(budget, subject).burst);
  }

  private bucketsOf(budget: BudgetName, subject: RateSubjectKind): TokenBuckets {
    const buckets = this.buckets[budget][subject];
    if (!buckets) throw new Error(`the budget "${budget}" has no rate of ${subject} on this node`);
    return buckets;
  }
}

/** @throws AppError RATE_LIMITED naming the budget, unless nothing has to be waited for */
export function refuseFor(budget: BudgetName | 'failedLogins', retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs, details: { budget } });
}

/** Whether the budget has a rate for this kind of subject that a door can draw from. */
export const hasRate = (budget: BudgetName, subject: RateSubjectKind): boolean =>
  BUDGETS[budget].of[subject] !== undefined && !BUDGETS[budget].shared;

/** Written out, so that every budget has one shape and the hot path reads it at once. */
function bucketsOf(name: BudgetName, limits: LimitSettings): Buckets {
  const { of, shared = false } = BUDGETS[name];
  const buckets = (subject: RateSubjectKind): TokenBuckets | undefined => {
    const rate = of[subject]?.(limits);
    return rate && !shared ? new TokenBuckets({ ...rate, max: SUBJECTS_MAX }) : undefined;
  };
  return {
    user: buckets('user'),
    app: buckets('app'),
    developer: buckets('developer'),
    operator: buckets('operator'),
    address: buckets('address'),
  };
}

/** What a subject is counted by. */
export function keyOf(caller: RateSubject): number {
  switch (caller.kind) {
    case 'user':
      return caller.userPk;
    case 'app':
      return caller.app.pk;
    case 'developer':
      return caller.developerPk;
    case 'operator':
      return 0;
  }
}

const userIdKey = (appPk: number, userId: string): string => `${appPk}:${userId}`;

const MAPPED = /^::ffff:(?=\d+\.)/i;
const NETWORK_GROUPS = 4;

/** One home or server has a whole /64 of IPv6: it counts as one address. */
export function addressKey(address: string): string {
  const plain = address.replace(MAPPED, '');
  if (!isIPv6(plain)) return plain;
  const [head, tail] = plain.toLowerCase().split('%', 1)[0].split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  return groups
    .slice(0, NETWORK_GROUPS)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':');
}

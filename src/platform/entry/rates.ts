import { isIPv6 } from 'node:net';
import { Injectable } from '@nestjs/common';
import type { AppRef, DeveloperCaller, OperatorCaller, UserCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import type { ErrorCode } from '../../kernel/errors/catalogue';
import { Settings, type LimitSettings } from '../config/settings';
import { type BudgetName, BUDGETS, type Payer } from './budgets';
import { TokenBuckets } from './token-buckets';

/** Payers remembered in one budget. */
const PAYERS_MAX = 200_000;

const GUESSES: ReadonlySet<ErrorCode> = new Set(['BAD_CREDENTIALS', 'UNAUTHENTICATED']);

type Meters = Record<Payer, TokenBuckets | undefined>;

/** What of a caller a budget is counted by; also of one in whose name something is done. */
export type Paying =
  | Pick<UserCaller, 'kind' | 'userPk'>
  | { readonly kind: 'app'; readonly app: Pick<AppRef, 'pk'> }
  | Pick<DeveloperCaller, 'kind' | 'developerPk'>
  | Pick<OperatorCaller, 'kind'>;

/**
 * What everybody has left of every budget on this node, whatever the door: a user's sockets and their REST calls draw
 * from the same one. A few numbers a payer, in this process: nothing here waits, and nothing fails open.
 */
@Injectable()
export class Rates {
  private readonly meters: Record<BudgetName, Meters>;

  constructor({ limits }: Settings) {
    this.meters = Object.fromEntries(
      Object.keys(BUDGETS).map((name) => [name, metersOf(name as BudgetName, limits)]),
    ) as Record<BudgetName, Meters>;
  }

  /** @throws AppError RATE_LIMITED; then nothing was taken from this budget */
  take(budget: BudgetName, caller: Paying, n = 1): void {
    this.draw(budget, caller.kind, keyOf(caller), n);
  }

  /**
   * Draws for what `make` makes: in advance, so that many at once are held to the budget too, and given back where
   * nothing came of it.
   *
   * @throws AppError RATE_LIMITED, LIMIT_REACHED for more at once than the budget ever holds; what `make` throws
   */
  async payFor<T>(budget: BudgetName, caller: Paying, n: number, make: () => Promise<T>): Promise<T> {
    const { burst } = this.meter(budget, caller.kind);
    if (n > burst) {
      const message = `No more than ${burst} of these can be made in one call.`;
      throw new AppError('LIMIT_REACHED', { message, details: { budget, limit: burst } });
    }
    this.take(budget, caller, n);
    try {
      return await make();
    } catch (error) {
      // Also where nobody knows what was stored: whoever is told RETRY does not have it, and would pay for it twice.
      this.give(budget, caller, n);
      throw error;
    }
  }

  /** The same for whoever has not proven who they are. */
  takeAddress(budget: BudgetName, address: string, n = 1): void {
    this.draw(budget, 'address', addressKey(address), n);
  }

  /** The same for a user of whom no more is known than a proven name: a handshake counts before anything is looked up. */
  takeName(budget: BudgetName, appPk: number, userId: string): void {
    this.draw(budget, 'user', nameKey(appPk, userId), 1);
  }

  /** Counts a wrong credential against the address that it came from, through whichever door; other errors are nothing to it. */
  guessed(error: unknown, address: string): void {
    if (error instanceof AppError && GUESSES.has(error.code)) this.takeAddress('guesses', address);
  }

  /** Whether this much of the budget is left; takes nothing. */
  hasAddress(budget: BudgetName, address: string, n = 1): boolean {
    return this.meters[budget].address?.missing(addressKey(address), n) === 0;
  }

  /** Takes what there is, at most `n`: for what has happened already. */
  spendName(budget: BudgetName, appPk: number, userId: string, n: number): void {
    this.meters[budget].user?.spend(nameKey(appPk, userId), n);
  }

  spendAddress(budget: BudgetName, address: string, n = 1): void {
    this.meters[budget].address?.spend(addressKey(address), n);
  }

  /** Puts back what was taken in advance. */
  give(budget: BudgetName, caller: Paying, n = 1): void {
    this.meters[budget][caller.kind]?.give(keyOf(caller), n);
  }

  private draw(budget: BudgetName, payer: Payer, key: string | number, n: number): void {
    const retryAfterMs = this.meter(budget, payer).take(key, n);
    if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs, details: { budget } });
  }

  private meter(budget: BudgetName, payer: Payer): TokenBuckets {
    const buckets = this.meters[budget][payer];
    if (!buckets) throw new Error(`the budget "${budget}" has no rate of ${payer}`);
    return buckets;
  }
}

/** Whether this kind of payer can draw from the budget. */
export const canPay = (budget: BudgetName, payer: Payer): boolean => BUDGETS[budget].of[payer] !== undefined;

/** Written out, so that every budget has one shape and the hot path reads it at once. */
function metersOf(name: BudgetName, limits: LimitSettings): Meters {
  const { of } = BUDGETS[name];
  const meter = (payer: Payer): TokenBuckets | undefined => {
    const rate = of[payer]?.(limits);
    return rate && new TokenBuckets({ ...rate, max: PAYERS_MAX });
  };
  return {
    user: meter('user'),
    app: meter('app'),
    developer: meter('developer'),
    operator: meter('operator'),
    address: meter('address'),
  };
}

function keyOf(caller: Paying): number {
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

const nameKey = (appPk: number, userId: string): string => `${appPk}:${userId}`;

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

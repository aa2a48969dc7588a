import { SetMetadata } from '@nestjs/common';
import type { BudgetName } from '../budgets';

export const STATUS_FROM = 'parley:status-from';
export const RATE = 'parley:rate';
export const TAKES_PASSWORD = 'parley:takes-password';

/**
 * The status of a route whose success has two: `@StatusFrom((sent: SentMessage) => (sent.duplicate ? 200 : 201))`.
 * Read once; costs one call per answer.
 */
export const StatusFrom = <T>(status: (body: T) => number) => SetMetadata(STATUS_FROM, status);

/** The budget that a call of this route draws from; `calls` where a route says nothing, `none` where nobody need count. */
export const Rate = (budget: BudgetName | 'none') => SetMetadata(RATE, budget);

/** A route where a person's e-mail and password prove who calls, which no other route spends a slow hash on. */
export const TakesPassword = () => SetMetadata(TAKES_PASSWORD, true);

import { AppError } from '../../kernel/errors/app-error';
import type { ErrorCode } from '../../kernel/errors/catalogue';

/** Said both where there is nothing and where the caller may not know that there is something. */
const EVEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONVERSATION_NOT_FOUND',
  'GROUP_NOT_FOUND',
  'INVITATION_NOT_FOUND',
  'MEMBER_NOT_FOUND',
  'MESSAGE_NOT_FOUND',
  'REQUEST_NOT_FOUND',
]);

/** Longer than it takes to find out, nearly always. */
const STEP_MS = 20;

/**
 * How long a refusal is kept back, so that the time until it comes does not tell whether there was something to look at:
 * it is given at the next multiple of 20 ms, wherever it was decided. 0 for all others.
 *
 * @param elapsedMs since the call came
 */
export const holdMs = (error: unknown, elapsedMs: number): number =>
  error instanceof AppError && EVEN.has(error.code) ? STEP_MS - (elapsedMs % STEP_MS) : 0;

import { AppError } from '../../kernel/errors/app-error';
import type { ErrorCode } from '../../kernel/errors/catalogue';

/** Answered both where there is nothing and where the caller may not know that there is something. */
const TIMING_PADDED: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'CONVERSATION_NOT_FOUND',
  'GROUP_NOT_FOUND',
  'INVITATION_NOT_FOUND',
  'MEMBER_NOT_FOUND',
  'MESSAGE_NOT_FOUND',
  'REQUEST_NOT_FOUND',
]);

/** Longer than a look-up takes, nearly always. */
const STEP_MS = 20;

/**
 * Timing padding: how long to delay a refusal, so that its timing does not tell whether the thing exists. It is answered at the
 * next multiple of 20 ms after the call came; other errors at once.
 *
 * The time is made equal and not the work. An absent group has no row to lock, no members and no marks to read, so every
 * path would have to work on a made-up one; and the same statements still take longer when they find rows, which an
 * attacker averages out of a thousand calls. Steps longer than the work leave nothing to average. The padding costs a
 * timer and no work, and whoever may see the thing never waits.
 *
 * @param elapsedMs since the call came
 * @returns milliseconds; 0 for errors that hide nothing
 */
export const paddingMs = (error: unknown, elapsedMs: number): number =>
  error instanceof AppError && TIMING_PADDED.has(error.code) ? STEP_MS - (elapsedMs % STEP_MS) : 0;

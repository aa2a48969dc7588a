import { AppError } from '../../kernel/errors/app-error';

const DEADLOCKS: readonly (number | undefined)[] = [1213, 1020];
const LOCK_WAIT = 1205;
const DUPLICATE = 1062;
const SILENT = 'ETIMEDOUT';

/** The server went, or goes; it has no room; or it has become a replica, which stores nothing. */
const AWAY = new RegExp(
  `^(${[
    'PROTOCOL_|ECONN|EPIPE|ENOTFOUND|EHOSTUNREACH|ENOENT|EAI_AGAIN',
    SILENT,
    'ER_SERVER_SHUTDOWN|ER_QUERY_INTERRUPTED|ER_CON_COUNT|ER_STATEMENT_TIMEOUT',
    'ER_CONNECTION_KILLED|ER_NEW_ABORTING_CONNECTION',
    'ER_DISK_FULL|ER_RECORD_FILE_FULL',
    'ER_OPTION_PREVENTS_STATEMENT|ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION|ER_READ_ONLY_MODE',
  ].join('|')})`,
);

const errorNumber = (error: unknown): number | undefined =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** The database has no room: it answers what is asked, and stores nothing. */
export const isFull = (error: unknown): boolean => /^ER_(DISK|RECORD_FILE)_FULL$/.test(errorCode(error));
export const isDeadlock = (error: unknown): boolean => DEADLOCKS.includes(errorNumber(error));
export const isLockWait = (error: unknown): boolean => errorNumber(error) === LOCK_WAIT;
/** Others held what this needed: nothing was stored, and the same again will pass. */
export const isLockTrouble = (error: unknown): boolean => isDeadlock(error) || isLockWait(error);
export const isDuplicateKey = (error: unknown): boolean => errorNumber(error) === DUPLICATE;

/** The database is away, restarting, full or too slow: nothing is known to be stored, so the client repeats. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    ('fatal' in error && error.fatal === true) ||
    AWAY.test(errorCode(error)) ||
    /Pool is closed|closed state|Queue limit reached/.test(error.message)
  );
}

/** The database did not answer in time. */
export class SilentDatabase extends Error {
  readonly code = SILENT;
  readonly fatal = true;
}

const causeOfRetry = (error: unknown): unknown =>
  error instanceof AppError && error.code === 'RETRY' ? error.cause : undefined;

/** The connection went away, perhaps with a COMMIT on its way: the work may be stored or not. A lock wait is no such case. */
export const isOutcomeUnknown = (error: unknown): boolean => isConnectionError(causeOfRetry(error));

/**
 * An unknown outcome that one may look for now. Of a database that is silent nothing can be learned: to ask again would only
 * wait as long again, and the client's repeat settles it.
 */
export const isOutcomeToBeFound = (error: unknown): boolean =>
  isOutcomeUnknown(error) && errorCode(causeOfRetry(error)) !== SILENT;

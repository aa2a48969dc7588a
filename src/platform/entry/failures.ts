import { HttpException } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { isConnectionError, isLockTrouble } from '../database/sql';

const own = (error: unknown, name: string): unknown =>
  typeof error === 'object' && error !== null ? (error as Record<string, unknown>)[name] : undefined;

/** The database's own error, taken out of TypeORM's wrapping. */
function away(error: unknown): boolean {
  const cause = own(error, 'driverError') ?? error;
  return isConnectionError(cause) || isLockTrouble(cause);
}

/** Refusals of the HTTP machinery itself, before or around our code. */
function ofTransport(status: number, code: unknown, cause: unknown): AppError | undefined {
  switch (status) {
    case 400:
      return code === 'FST_ERR_BAD_URL'
        ? new AppError('INVALID_REQUEST', { field: 'path', message: 'The path is not valid.' }, { cause })
        : new AppError('INVALID_REQUEST', { field: 'body', message: 'The body is not valid JSON.' }, { cause });
    case 404:
    case 405:
    case 414:
      return new AppError('ROUTE_NOT_FOUND', {}, { cause });
    case 408:
      return new AppError(
        'INVALID_REQUEST',
        { field: 'body', message: 'The request took too long to arrive.' },
        { cause },
      );
    case 413:
      return new AppError('TOO_LARGE', { field: 'body' }, { cause });
    case 415:
      return new AppError('INVALID_REQUEST', { field: 'content-type', message: 'Send application/json.' }, { cause });
    default:
      return undefined;
  }
}

/** Whatever was thrown, as the failure that a client may see. The original is its `cause`. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (away(error)) return new AppError('RETRY', {}, { cause: error });
  const code = own(error, 'code');
  // Only errors that say they come from the HTTP machinery: a stray `statusCode` on anything else proves nothing.
  const status =
    error instanceof HttpException
      ? error.getStatus()
      : (typeof code === 'string' && code.startsWith('FST_')) || error instanceof SyntaxError
        ? own(error, 'statusCode')
        : undefined;
  const known = typeof status === 'number' ? ofTransport(status, code, error) : undefined;
  return known ?? new AppError('INTERNAL', {}, { cause: error });
}

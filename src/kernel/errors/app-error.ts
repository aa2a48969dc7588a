import { ERRORS, type ErrorCode } from './catalogue';

/** What may be added to a code: everything here is shown to the client, so never internal text. */
export interface ErrorExtras {
  /** The field at fault, as the client wrote it: `members[2].userId`. */
  field?: string;
  /** Replaces the catalogue's sentence where the call knows better. */
  message?: string;
  details?: Record<string, unknown>;
  /** Milliseconds to wait before repeating. Retryable codes get 1000 when nothing better is known. */
  retryAfterMs?: number;
}

/** The shape of a failure on every wire (contract.md, Errors). */
export interface WireError extends ErrorExtras {
  code: ErrorCode;
  message: string;
  traceId: string;
}

const RETRY_AFTER_MS = 1000;

/** A failure the client is told about. Knows no transport: each door maps `kind` to its own status. */
export class AppError extends Error {
  constructor(
    readonly code: ErrorCode,
    readonly extras: ErrorExtras = {},
    options?: ErrorOptions,
  ) {
    super(extras.message ?? ERRORS[code].says, options);
    this.name = 'AppError';
  }

  /** Whether repeating the same call later cannot succeed. */
  get definite(): boolean {
    return this.extras.retryAfterMs === undefined && !('retryable' in ERRORS[this.code]);
  }

  toWire(traceId: string): WireError {
    const retryable = 'retryable' in ERRORS[this.code];
    const { field, details, retryAfterMs = retryable ? RETRY_AFTER_MS : undefined } = this.extras;
    return {
      code: this.code,
      message: this.message,
      ...(field !== undefined && { field }),
      ...(details && { details }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      traceId,
    };
  }
}

/** The common case: one field is wrong, and this is why. */
export const invalid = (field: string, message: string): AppError =>
  new AppError('INVALID_REQUEST', { field, message });

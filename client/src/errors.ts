import type { ErrorCode, WireError } from './catalogue';

/** Failures that are found on this side of the wire. */
export type LocalErrorCode =
  /** No connection; nothing was sent. */
  | 'NOT_CONNECTED'
  /** Sent, but no reply came in time: the outcome is unknown. */
  | 'TIMEOUT'
  /** The server could not be reached, or what answered is no Parley server. */
  | 'UNREACHABLE'
  /** As many attempts to reconnect failed as were allowed. */
  | 'RECONNECT_EXHAUSTED'
  /** The device's storage refused to keep a message, so it was not sent. */
  | 'STORAGE_FAILED';

export type ParleyErrorCode = ErrorCode | LocalErrorCode;

export interface ParleyErrorFacts {
  field?: string;
  details?: Record<string, unknown>;
  retryAfterMs?: number;
  traceId?: string;
  /** Left out: definite unless `retryAfterMs` is given (contract.md, Errors). */
  definite?: boolean;
  cause?: unknown;
}

/** Every failure this package reports. */
export class ParleyError extends Error {
  readonly field?: string;
  readonly details?: Record<string, unknown>;
  readonly retryAfterMs?: number;
  /** The server's name for this failure in its logs. */
  readonly traceId?: string;
  /** True: it did not happen and never will as asked. False: unknown or temporary, so repeating is right. */
  readonly definite: boolean;

  constructor(
    readonly code: ParleyErrorCode,
    message: string,
    facts: ParleyErrorFacts = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'ParleyError';
    this.field = facts.field;
    this.details = facts.details;
    this.retryAfterMs = facts.retryAfterMs;
    this.traceId = facts.traceId;
    this.definite = facts.definite ?? facts.retryAfterMs === undefined;
  }

  static fromWire({ code, message, ...facts }: WireError): ParleyError {
    return new ParleyError(code, message, facts);
  }

  /** Whatever was thrown, as a ParleyError; what we do not know is an unknown outcome. */
  static of(thrown: unknown): ParleyError {
    if (thrown instanceof ParleyError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new ParleyError('UNREACHABLE', message, { definite: false, cause: thrown });
  }
}

/** Says something about the login rather than about the call: a new token mends it. */
export const isAboutTheLogin = (error: ParleyError): boolean =>
  error.code === 'TOKEN_EXPIRED' || error.code === 'UNAUTHENTICATED';

/** True of a value that has the shape of an error on the wire. */
export function isWireError(value: unknown): value is WireError {
  return typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string';
}

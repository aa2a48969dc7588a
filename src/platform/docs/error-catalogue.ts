import { ERRORS, type ErrorCode } from '../../kernel/errors/catalogue';
import { statusOf } from '../entry/http/statuses';

export interface PublishedError {
  code: ErrorCode;
  /** Over REST; acknowledgements of the socket carry the same code. */
  status: number;
  says: string;
  zh: string;
  /** Repeating the same call after `retryAfterMs` can succeed. */
  retryable: boolean;
}

/** Every failure a client can see, for /docs/errors.json. */
export const publishedErrors = (): PublishedError[] =>
  (Object.keys(ERRORS) as ErrorCode[]).map((code) => ({
    code,
    status: statusOf(code),
    says: ERRORS[code].says,
    zh: ERRORS[code].zh,
    retryable: 'retryable' in ERRORS[code],
  }));

/** The shape of a failure on every wire. */
export const errorSchema = (): Record<string, unknown> => ({
  type: 'object',
  required: ['code', 'message', 'traceId'],
  properties: {
    code: { type: 'string', enum: Object.keys(ERRORS), description: 'See /docs/errors.json for each.' },
    message: { type: 'string' },
    field: { type: 'string', description: 'The field at fault, as it was written: `members[2].userId`.' },
    details: { type: 'object' },
    retryAfterMs: { type: 'integer', description: 'Present where repeating the same call later can succeed.' },
    traceId: { type: 'string' },
  },
});

import type { Ack } from '../../../src/kernel/contracts/socket-events';
import type { WireError } from '../../../src/kernel/errors/app-error';
import { ERRORS, type ErrorCode, type ErrorKind } from '../../../src/kernel/errors/catalogue';
import type { Answer } from '../http';
import { connect, Refused } from '../socket';

/** A failure as a client saw it, through one of the doors. */
export type Seen =
  | { door: 'rest'; answer: Answer }
  | { door: 'socket'; ack: Ack<unknown> }
  | { door: 'handshake'; refusal: Partial<WireError> };

export const rest = async (answer: Promise<Answer>): Promise<Seen> => ({ door: 'rest', answer: await answer });
export const socket = async (ack: Promise<Ack<unknown>>): Promise<Seen> => ({ door: 'socket', ack: await ack });

/** A handshake that must be refused. */
export async function handshake(url: string, token: string, auth?: object): Promise<Seen> {
  try {
    (await connect(url, token, {}, auth ? { auth } : {})).close();
  } catch (error) {
    if (error instanceof Refused) return { door: 'handshake', refusal: error.error };
    throw error;
  }
  throw new Error('the handshake was not refused');
}

/** contract.md, Errors. */
const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  method: 405,
  conflict: 409,
  'too-large': 413,
  'media-type': 415,
  limited: 429,
  unavailable: 503,
  internal: 500,
};
const FIELDS = ['code', 'message', 'field', 'details', 'retryAfterMs', 'traceId'];

/** What the error says, wherever it was; and what is wrong around it. */
function opened(seen: Seen): { error: Partial<WireError>; problems: string[] } {
  if (seen.door === 'handshake') return { error: seen.refusal, problems: [] };
  if (seen.door === 'socket') {
    if (seen.ack.ok) return { error: {}, problems: ['it succeeded'] };
    const keys = Object.keys(seen.ack).sort().join();
    return { error: seen.ack.error, problems: keys === 'error,ok' ? [] : [`the acknowledgement has ${keys}`] };
  }
  const { status, body, headers } = seen.answer;
  const error = ((body as { error?: unknown } | undefined)?.error ?? {}) as Partial<WireError>;
  const problems: string[] = [];
  if (Object.keys(body ?? {}).join() !== 'error') problems.push(`the body has ${Object.keys(body ?? {}).join()}`);
  if (error.code && status !== STATUS[ERRORS[error.code].kind]) problems.push(`the status is ${status}`);
  if (headers.get('x-trace-id') !== error.traceId) problems.push('the header tells another trace');
  if ((headers.get('retry-after') !== null) !== (error.retryAfterMs !== undefined))
    problems.push('retry-after differs');
  return { error, problems };
}

/** Everything in which a failure is not what the contract says of this code. */
export function faultsOf(seen: Seen, code: ErrorCode): string[] {
  const { error, problems } = opened(seen);
  const { message, field, details, retryAfterMs, traceId } = error;
  const retryable = 'retryable' in ERRORS[code];
  const rules: [boolean, string][] = [
    [error.code === code, `the code is ${String(error.code)}: ${String(message)}`],
    [typeof message === 'string' && message.length > 0, 'it says nothing'],
    [/^[a-z0-9]{16,32}$/.test(traceId ?? ''), `the trace is ${String(traceId)}`],
    [field === undefined || (typeof field === 'string' && field !== ''), `the field is ${String(field)}`],
    [details === undefined || (typeof details === 'object' && details !== null), 'the details are no object'],
    [
      retryable ? Number.isInteger(retryAfterMs) && Number(retryAfterMs) > 0 : retryAfterMs === undefined,
      `retryAfterMs is ${String(retryAfterMs)}`,
    ],
    [Object.keys(error).every((name) => FIELDS.includes(name)), `it has ${Object.keys(error).join()}`],
  ];
  return [...problems, ...rules.filter(([holds]) => !holds).map(([, says]) => says)].map(
    (says) => `${seen.door}: ${says}`,
  );
}

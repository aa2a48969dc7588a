import type { WireError } from '../src/kernel/errors/app-error';

export interface RestRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  authorization?: string;
  headers?: Record<string, string>;
  body?: unknown;
  timeoutMs?: number;
}

export interface RestAnswer {
  status: number;
  /** As it came, for whoever looks for things that should not be in it. */
  text: string;
  body: unknown;
  error?: Pick<WireError, 'code' | 'retryAfterMs'>;
}

const TIMEOUT_MS = 5000;

export const basic = (name: string, secret: string): string =>
  `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
export const bearer = (token: string): string => `Bearer ${token}`;

/** One call. Throws when no answer came: what was asked may have been done or not. */
export async function rest(url: string, request: RestRequest): Promise<RestAnswer> {
  const { method, path, authorization, body, headers, timeoutMs = TIMEOUT_MS } = request;
  const answer = await fetch(url + path, {
    method,
    headers: {
      ...headers,
      ...(authorization && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await answer.text();
  const parsed: unknown = text === '' ? undefined : JSON.parse(text);
  const error = (parsed as { error?: RestAnswer['error'] } | undefined)?.error;
  return { status: answer.status, text, body: parsed, ...(error && { error }) };
}

/** For steps that must work before anything can be checked. Throws with the answer when it is not 2xx. */
export async function must<T>(url: string, request: RestRequest): Promise<T> {
  const answer = await rest(url, { timeoutMs: 20_000, ...request });
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`${request.method} ${request.path} answered ${answer.status}: ${answer.text.slice(0, 500)}`);
  return answer.body as T;
}

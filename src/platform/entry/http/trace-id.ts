import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

export const newTraceId = (): string => randomUUID().replaceAll('-', '');

/** The trace id of a request: the caller's own when it sent a W3C traceparent, else a new one. */
export function traceIdOf({ traceparent }: IncomingHttpHeaders): string {
  const given = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return given && !/^0+$/.test(given) ? given : newTraceId();
}

import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { AppError, invalid } from '../../../../kernel/errors/app-error';
import type { HttpSettings } from '../../../config/settings';
import { corsHeaders } from '../cors';
import { securityHeaders } from '../security-headers';
import { statusOf } from '../statuses';
import { newTraceId, traceIdOf } from '../trace-id';

const ORIGIN = /\r\norigin:[ \t]*([^\r\n]*)/i;

/** What Node says of a request that it could not read, or would not wait for. */
interface ClientError extends Error {
  code?: string;
  /** The bytes that it failed at. */
  rawPacket?: unknown;
}

/** Part of a connection that Node keeps to itself: the answer that is being written. */
type Answering = Duplex & { _httpMessage?: { headersSent: boolean } | null };

/** Answers that are given before a request is one: in the shape of all errors, readable by pages of allowed origins. */
export class EarlyAnswers {
  private readonly headers: Record<string, string>;

  constructor(private readonly http: HttpSettings) {
    this.headers = securityHeaders(http);
  }

  /** Fastify's `clientErrorHandler`. */
  readonly toClientError = (error: ClientError, socket: Answering): void => {
    // Nobody is there any more, or an answer has begun and another would be read as part of it.
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
      socket.destroy(error);
      return;
    }
    const { status, failure } = failureOf(error.code);
    const bytes = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString('latin1') : '';
    this.end(socket, status, failure, newTraceId(), ORIGIN.exec(bytes)?.[1]?.trim());
  };

  /** On a connection that left HTTP behind, such as CONNECT's. */
  refuseRaw(request: IncomingMessage, socket: Answering, failure: AppError, more: Record<string, string> = {}): void {
    const { headers } = request;
    this.end(socket, statusOf(failure.code), failure, traceIdOf(headers), headers.origin, more);
  }

  /** The connection ends with it: what was sent ahead on it is not looked at. */
  refuse(request: IncomingMessage, response: ServerResponse, failure: AppError): void {
    const traceId = traceIdOf(request.headers);
    const { body, headers } = this.written(failure, traceId, request.headers.origin);
    response.writeHead(statusOf(failure.code), headers).end(body);
  }

  private end(
    socket: Duplex,
    status: number,
    failure: AppError,
    traceId: string,
    origin?: string,
    more: Record<string, string> = {},
  ): void {
    const { body, headers } = this.written(failure, traceId, origin);
    const lines = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}`);
    // Who does not read this either is not waited for.
    socket.on('error', () => undefined);
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('\r\n')}\r\n\r\n${body}`, () =>
      socket.destroy(),
    );
  }

  private written(failure: AppError, traceId: string, origin?: string) {
    const error = failure.toWire(traceId);
    const body = JSON.stringify({ error });
    const headers: Record<string, string> = {
      ...this.headers,
      ...corsHeaders(this.http, origin),
      'x-trace-id': traceId,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
      ...(error.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }),
      connection: 'close',
    };
    return { body, headers };
  }
}

function failureOf(code: string | undefined): { status: number; failure: AppError } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW': {
      const message = 'The path and the headers together are too long.';
      return { status: 431, failure: new AppError('TOO_LARGE', { field: 'headers', message }) };
    }
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return { status: 413, failure: new AppError('TOO_LARGE', { field: 'body' }) };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: 408,
        failure: new AppError('INVALID_REQUEST', { message: 'The request took too long to arrive.' }),
      };
    default:
      return { status: 400, failure: invalid('request', 'This is not a valid HTTP/1.1 request.') };
  }
}

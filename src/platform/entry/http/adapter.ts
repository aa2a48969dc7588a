import { randomUUID } from 'node:crypto';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { textOf } from '../../../kernel/json-text';
import type { Settings } from '../../config/settings';
import { toAppError } from '../failures';
import { assertPlainJson } from '../plain-json';
import type { HttpReply, HttpRequest } from './exchange';
import { readJsonBodies } from './json-body';
import { KnownPaths } from './known-paths';
import { statusOf } from './statuses';

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle timeout of common load balancers (60 s), so that it is they who close. */
const KEEP_ALIVE_MS = 72_000;
/** `user:{64}:{64}` percent-encoded fits. */
const MAX_PARAM_LENGTH = 420;
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-site',
  'cache-control': 'no-store',
};

/** The trace id of a request: the caller's own when it sent a W3C traceparent, else a new one. */
function traceIdOf(request: IncomingMessage): string {
  const { traceparent } = request.headers;
  const given = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined;
  return given && !/^0+$/.test(given) ? given : randomUUID().replaceAll('-', '');
}

/** Fastify, answering with the status that the route derives from its body (`@StatusFrom`). */
class ParleyFastifyAdapter extends FastifyAdapter {
  override reply(response: HttpReply, body: unknown, statusCode?: number) {
    const { statusFrom } = response;
    return super.reply(response, body, statusFrom && response.statusCode < 400 ? statusFrom(body) : statusCode);
  }
}

/** Fastify with every limit of security.md that the HTTP machinery itself can hold. */
export const httpAdapter = ({ http, limits }: Settings): FastifyAdapter =>
  new ParleyFastifyAdapter({
    bodyLimit: limits.frameBytes,
    // Believes the nearest `trustProxy` hops and nobody behind them.
    trustProxy: (_address: string, hop: number) => hop < http.trustProxy,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, caseSensitive: true, ignoreTrailingSlash: false },
    requestIdHeader: false,
    genReqId: (request: IncomingMessage) => traceIdOf(request),
    logger: false,
    return503OnClosing: false,
    // The router refuses some paths before any route, hook or filter of ours exists for them.
    frameworkErrors: (error: Error, request: HttpRequest, reply: HttpReply) => {
      const failure = toAppError(error);
      void reply
        .headers({ ...SECURITY_HEADERS, 'x-trace-id': request.id })
        .status(statusOf(failure.code))
        .send({ error: failure.toWire(request.id) });
    },
    // No Nest middleware anywhere: its machinery would be paid by every request.
    skipMiddie: true,
  });

/** What every answer carries and every request must not; called once, before the routes are mounted. */
export function prepareHttp(app: NestFastifyApplication, { http }: Settings): void {
  const fastify = app.getHttpAdapter().getInstance();
  const headers = {
    ...SECURITY_HEADERS,
    ...(http.publicUrl?.startsWith('https:') && { 'strict-transport-security': 'max-age=31536000' }),
  };
  fastify.decorateRequest('caller', undefined);
  fastify.decorateReply('statusFrom', undefined);
  fastify.setReplySerializer((payload: unknown) => textOf(payload));
  readJsonBodies(fastify);
  const paths = new KnownPaths();
  fastify.addHook('onRoute', ({ method, url }) => paths.add(method, url));
  fastify.addHook('onRequest', (request: HttpRequest, reply: HttpReply, done) => {
    reply.headers(headers).header('x-trace-id', request.id);
    const repeated = repeatedKey(request.query as Record<string, unknown>);
    if (repeated !== undefined) return done(invalid(repeated.slice(0, 64), 'Given more than once.'));
    const methods = request.is404 ? paths.methodsOf(request.url) : [];
    if (methods.length === 0) return done();
    reply.header('allow', methods.join(', '));
    done(new AppError('METHOD_NOT_ALLOWED'));
  });
  // Before anything of ours walks a body by recursion: checks, fingerprints, whatever is stored as JSON.
  fastify.addHook('preValidation', (request: HttpRequest, _reply: HttpReply, done) => {
    done(hostile(request.body));
  });
  if (http.corsOrigins.length > 0) {
    app.enableCors({
      origin: http.corsOrigins.includes('*') ? '*' : http.corsOrigins,
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-app-id', 'traceparent'],
      exposedHeaders: ['x-trace-id', 'retry-after'],
      maxAge: 600,
      // Else OPTIONS without an origin is refused outside the error shape.
      strictPreflight: false,
    });
  }
}

function hostile(body: unknown): Error | undefined {
  try {
    assertPlainJson(body, 'body');
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** `?a=1&a=2` means one thing to one parser and another to the next; nothing of ours takes it. */
function repeatedKey(query: Record<string, unknown>): string | undefined {
  for (const name in query) if (typeof query[name] !== 'string') return name;
  return undefined;
}

import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { textOf } from '../../../kernel/json-text';
import type { Settings } from '../../config/settings';
import { CallDeadlines } from '../call-deadlines';
import { toAppError } from '../failures';
import { endCallsWithAnswers } from './caller.guard';
import { corsHeaders, EXPOSED_HEADERS } from './cors';
import type { HttpReply, HttpRequest } from './exchange';
import { takeJsonBodies } from './json-body';
import { KnownPaths } from './known-paths';
import { endReadsWithAnswers } from './reads-in-turn';
import { securityHeaders } from './security-headers';
import { EarlyAnswers } from './server/early-answers';
import { ConnectionLimiter } from './server/connection-limiter';
import { statusOf } from './statuses';
import { traceIdOf } from './trace-id';

const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the idle timeout of common load balancers (60 s), so that it is they who close. */
const KEEP_ALIVE_MS = 72_000;
/** `user:{64}:{64}` percent-encoded fits. */
const MAX_PARAM_LENGTH = 420;
/** Who sends its head more slowly is no client. */
const HEADERS_TIMEOUT_MS = 10_000;
const TIMEOUT_CHECK_MS = 2000;

/** Fastify, answering with the status that the route derives from its body (`@StatusFrom`). */
class ParleyFastifyAdapter extends FastifyAdapter {
  override reply(response: HttpReply, body: unknown, statusCode?: number) {
    // A call that took too long was answered before it ended.
    if (response.sent) return response;
    const { statusFrom } = response;
    return super.reply(response, body, statusFrom && response.statusCode < 400 ? statusFrom(body) : statusCode);
  }
}

/** Fastify with every limit of security.md that the HTTP machinery itself can hold. */
export function httpAdapter({ http, limits }: Settings): FastifyAdapter {
  const early = new EarlyAnswers(http);
  return new ParleyFastifyAdapter({
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // ConnectionLimiter says so in the error shape.
      requireHostHeader: false,
    },
    clientErrorHandler: early.toClientError,
    bodyLimit: limits.frameBytes,
    // Believes the nearest `trustProxy` hops and nobody behind them.
    trustProxy: (_address: string, hop: number) => hop < http.trustProxy,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, caseSensitive: true, ignoreTrailingSlash: false },
    requestIdHeader: false,
    genReqId: ({ headers }: IncomingMessage) => traceIdOf(headers),
    logger: false,
    return503OnClosing: false,
    // The router refuses some paths before any route, hook or filter of ours exists for them.
    frameworkErrors: (error: Error, request: HttpRequest, reply: HttpReply) => {
      const failure = toAppError(error);
      void reply
        .headers({ ...securityHeaders(http), ...corsHeaders(http, request.headers.origin), 'x-trace-id': request.id })
        .status(statusOf(failure.code))
        .send({ error: failure.toWire(request.id) });
    },
    // No Nest middleware anywhere: its machinery would be paid by every request.
    skipMiddie: true,
  });
}

/** What every answer carries and every request must not; called once, before the routes are mounted. */
export function prepareHttp(app: NestFastifyApplication, { http }: Settings): void {
  const fastify = app.getHttpAdapter().getInstance();
  const headers = securityHeaders(http);
  fastify.decorateRequest('caller', undefined);
  fastify.decorateReply('statusFrom', undefined);
  fastify.setReplySerializer((payload: unknown) => textOf(payload));
  takeJsonBodies(fastify);
  endCallsWithAnswers(fastify, app.get(CallDeadlines, { strict: false }));
  endReadsWithAnswers(fastify);
  const paths = new KnownPaths();
  fastify.addHook('onRoute', ({ method, url }) => paths.add(method, url));
  fastify.addHook('onRequest', (request: HttpRequest, reply: HttpReply, done) => {
    reply.headers(headers).header('x-trace-id', request.id);
    const repeated = repeatedKey(request.query as Record<string, unknown>);
    if (repeated !== undefined) return done(invalid(repeated.slice(0, 64), 'Given more than once.'));
    if (Object.hasOwn(request.query as object, '__proto__'))
      return done(invalid('__proto__', 'There is no such field.'));
    const methods = request.is404 ? paths.methodsOf(request.url) : [];
    if (methods.length === 0) return done();
    reply.header('allow', methods.join(', '));
    done(new AppError('METHOD_NOT_ALLOWED'));
  });
  if (http.corsOrigins.length > 0) {
    app.enableCors({
      origin: http.corsOrigins.includes('*') ? '*' : http.corsOrigins,
      methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type', 'idempotency-key', 'x-app-id', 'traceparent'],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
      // Else OPTIONS without an origin is refused outside the error shape.
      strictPreflight: false,
    });
  }
}

/** Called last, when all that listens to the server does so: Fastify and Socket.IO. */
export const guardServer = (app: NestFastifyApplication, { http }: Settings): void =>
  new ConnectionLimiter(http).guard(app.getHttpServer());

/** `?a=1&a=2` means one thing to one parser and another to the next; nothing of ours takes it. */
function repeatedKey(query: Record<string, unknown>): string | undefined {
  for (const name in query) if (typeof query[name] !== 'string') return name;
  return undefined;
}

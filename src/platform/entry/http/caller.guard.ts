import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { Caller } from '../../../kernel/caller';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { timesCounted } from '../budgets';
import { CallDeadlines } from '../call-deadlines';
import { Credentials } from '../credentials';
import { RateLimiter } from '../rate-limiter';
import { answerFailure } from './error.filter';
import type { HttpReply, HttpRequest } from './exchange';
import { readBody, unreadBytes } from './json-body';
import { type Handler, policyOf, type RoutePolicy } from './route-policy';

const CREDENTIAL_MAX = 4096;
/** Room for a login or a registration. */
const UNAUTHENTICATED_BODY_BYTES = 16 * 1024;

/** What the header is called where an error names it. */
const FIELD = 'authorization';
const FORMS =
  "Bearer and a user's token or the operator's, or Basic and base64 of appId:appSecret or accountSid:authToken";
const NO_SCHEME = `The header Authorization holds ${FORMS}.`;
const NO_PAIR =
  "Basic is followed by base64 of appId:appSecret or accountSid:authToken; a user's token and the operator's go with Bearer.";
const NO_TOKEN =
  "What follows Bearer is neither a user's token nor the operator's. An appToken logs a user in: POST /v1/sessions {appId, appToken, userId}.";

/** Proves the caller of every route, and holds it to its rate. Nothing but the request's headers is read before that. */
@Injectable()
export class CallerGuard implements CanActivate {
  constructor(
    private readonly credentials: Credentials,
    private readonly rates: RateLimiter,
    private readonly deadlines: CallDeadlines,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const policy = policyOf(context.getHandler() as Handler, context.getClass());
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    request.deadline = this.deadlines.begin((retry) => answerFailure(request, reply, retry));
    if (policy.statusFrom) reply.statusFrom = policy.statusFrom;
    if (!policy.allowed) throw new AppError('FORBIDDEN');
    // Beside others, `anyone` makes the credential optional: whoever brings one is told what counts for it.
    const open = policy.allowed.has('anyone');
    if (open && (policy.allowed.size === 1 || !request.headers.authorization)) {
      if (policy.rate !== 'none') this.rates.consumeByAddress(policy.rate, request.ip, timesOf(request));
      if (policy.takesBody) readBody(request, UNAUTHENTICATED_BODY_BYTES);
      return true;
    }
    return this.prove(request, reply, policy);
  }

  private async prove(request: HttpRequest, reply: HttpReply, policy: RoutePolicy): Promise<boolean> {
    const { scheme, credential } = parseAuthorization(request.headers.authorization);
    const appId = request.headers['x-app-id'];
    let caller: Caller | undefined;
    try {
      caller = await this.credentials.prove(scheme, credential, {
        address: request.ip,
        takesPassword: policy.takesPassword,
        ...(typeof appId === 'string' && { appId: appId.slice(0, 64) }),
      });
    } catch (error) {
      // Guessing is slowed down by address, before the next guess is looked at.
      this.rates.countWrongCredentials(error, request.ip);
      throw ofHeader(error);
    }
    if (!caller) {
      this.rates.consumeByAddress('wrongCredentials', request.ip);
      throw new AppError('UNAUTHENTICATED', { field: FIELD, message: scheme === 'bearer' ? NO_TOKEN : NO_PAIR });
    }
    if (!policy.allowed?.has(caller.kind)) throw wrongCaller(caller, policy.allowed);
    if (policy.rate !== 'none') this.rates.consumeCall(policy.rate, caller, timesOf(request));
    request.caller = caller;
    readBody(request);
    if (!policy.takesBody) refuseBody(request.body);
    // It was told so while its caller was being proved: nothing is begun.
    if (reply.sent) throw new AppError('RETRY');
    return true;
  }
}

/** Called once, before the routes are mounted: the time of a call ends with its answer. */
export function endCallsWithAnswers(fastify: FastifyInstance, deadlines: CallDeadlines): void {
  fastify.decorateRequest('deadline', undefined);
  fastify.addHook('onSend', ({ deadline }: HttpRequest, _reply: HttpReply, _payload, done) => {
    if (deadline) deadlines.end(deadline);
    done();
  });
}

/** How often a call counts. */
const timesOf = (request: HttpRequest): number => timesCounted(unreadBytes(request));

/** `PUT …/mute-all {"muted": false}`, or `false`, would mute everybody: a call without a body refuses one that says something. */
function refuseBody(body: unknown): void {
  if (body === undefined || body === null) return;
  if (typeof body !== 'object' || Array.isArray(body)) throw invalid('body', 'This call takes no body.');
  const [field] = Object.keys(body);
  if (field !== undefined) throw invalid(field, 'There is no such field: this call takes none.');
}

const CALLERS = {
  anyone: 'anyone',
  user: 'users',
  app: 'the app server',
  developer: 'the developer',
  operator: 'the operator',
} as const;

function wrongCaller({ kind }: Caller, allowed: RoutePolicy['allowed'] = new Set()): AppError {
  const hint = kind === 'developer' && allowed.has('app') ? ' Say which of your apps you are in X-App-Id.' : '';
  const those = [...allowed].map((one) => CALLERS[one]).join(' and ');
  return new AppError('FORBIDDEN', { message: `This call is for ${those}.${hint}` });
}

/** One name per caller: rates, idempotency keys and logs count by it. */
export function keyOf(caller: Caller): string {
  switch (caller.kind) {
    case 'user':
      return `user:${caller.userPk}`;
    case 'app':
      return `app:${caller.app.pk}`;
    case 'developer':
      return `developer:${caller.developerPk}`;
    case 'operator':
      return 'operator';
  }
}

const wrongForm = (message: string): AppError => new AppError('BAD_CREDENTIALS', { field: FIELD, message });

/** What is wrong with a credential, named as the caller sent it. */
function ofHeader(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'BAD_CREDENTIALS') return error;
  return new AppError(error.code, { ...error.extras, field: FIELD }, { cause: error });
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** `Basic …` decoded to `name:secret`, `Bearer …` as it is. */
function parseAuthorization(header: string | undefined): { scheme: 'basic' | 'bearer'; credential: string } {
  if (!header) throw new AppError('UNAUTHENTICATED', { field: FIELD });
  const space = header.indexOf(' ');
  const scheme = header.slice(0, space).toLowerCase();
  const credential = header.slice(space + 1).trim();
  if (space < 1 || credential === '' || header.length > CREDENTIAL_MAX) throw wrongForm(NO_SCHEME);
  if (scheme === 'bearer') return { scheme, credential };
  if (scheme !== 'basic') throw wrongForm(NO_SCHEME);
  if (!BASE64.test(credential)) throw wrongForm(NO_PAIR);
  const decoded = Buffer.from(credential, 'base64').toString();
  if (!decoded.includes(':')) throw wrongForm(NO_PAIR);
  return { scheme, credential: decoded };
}

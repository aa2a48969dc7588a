import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '../../kernel/errors/app-error';
import type { Settings } from '../config/settings';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { OperatorToken } from '../entry/operator-token';
import { BullMqJobQueue } from './bullmq-job-queue';

type ServerAdapter = Parameters<typeof createBullBoard>[0]['serverAdapter'];

const DASHBOARD_PATH = '/operator/queues';

/** The page brings scripts and styles of its own; nothing of it comes from elsewhere. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

/**
 * Bull Board for the operator, to look and not to touch: jobs are hints, and what is to be repeated is repeated through
 * REST. A browser asks for a name and a password: any name, and the operator's token.
 */
export async function openDashboard(app: NestFastifyApplication, { security }: Settings): Promise<void> {
  const { operatorToken } = security;
  if (operatorToken === undefined) return;
  const adapter = new FastifyAdapter();
  const queues = app.get(BullMqJobQueue, { strict: false }).all();
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    // The adapter's package carries its own copy of the board's types, which differ by a private field.
    serverAdapter: adapter as unknown as ServerAdapter,
    options: { uiConfig: { boardTitle: 'Parley' } },
  });
  adapter.setBasePath(DASHBOARD_PATH);
  const token = app.get(OperatorToken, { strict: false });
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.register(
    async (scope) => {
      scope.addHook('onRequest', async (request: HttpRequest, reply: HttpReply) => {
        const refusal = await refusalOf(request, token);
        if (refusal) return turnAway(reply, refusal);
        void reply.header('content-security-policy', PAGE_POLICY);
      });
      await scope.register(adapter.registerPlugin());
    },
    { prefix: DASHBOARD_PATH },
  );
}

type Refusal = { wrong: true } | { retryAfterMs: number };

/** Wrong tokens count here as at every other door of the operator's. */
async function refusalOf({ headers, ip }: HttpRequest, token: OperatorToken): Promise<Refusal | undefined> {
  const given = tokenIn(headers.authorization);
  try {
    return given !== undefined && (await token.isRight(given, ip)) ? undefined : { wrong: true };
  } catch (error) {
    if (error instanceof AppError && error.code === 'RATE_LIMITED') {
      return { retryAfterMs: error.extras.retryAfterMs ?? 0 };
    }
    throw error;
  }
}

function turnAway(reply: HttpReply, refusal: Refusal): HttpReply {
  if ('retryAfterMs' in refusal) {
    const seconds = Math.ceil(refusal.retryAfterMs / 1000);
    void reply.status(429).header('retry-after', seconds).type('text/plain');
    return reply.send(`Too many wrong tokens came from your address; try again in ${seconds} s.`);
  }
  void reply.status(401).header('www-authenticate', 'Basic realm="operator", charset="UTF-8"').type('text/plain');
  return reply.send('Sign in with any user name and OPERATOR_TOKEN as the password.');
}

/** `Bearer <token>`, or `Basic` with the token for a password. */
function tokenIn(authorization: string | undefined): string | undefined {
  const [, scheme = '', credential = ''] = /^(Bearer|Basic) (\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() !== 'basic') return credential || undefined;
  const pair = Buffer.from(credential, 'base64').toString();
  const colon = pair.indexOf(':');
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

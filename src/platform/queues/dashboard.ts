import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Settings } from '../config/settings';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { sameSecret } from '../secrets/keys';
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
  const fastify = app.getHttpAdapter().getInstance();
  await fastify.register(
    async (scope) => {
      scope.addHook('onRequest', (request: HttpRequest, reply: HttpReply, done: () => void) => {
        if (holds(request.headers.authorization, operatorToken)) {
          void reply.header('content-security-policy', PAGE_POLICY);
          return done();
        }
        void reply
          .status(401)
          .header('www-authenticate', 'Basic realm="operator", charset="UTF-8"')
          .type('text/plain')
          .send('The operator’s token, please.');
      });
      await scope.register(adapter.registerPlugin());
    },
    { prefix: DASHBOARD_PATH },
  );
}

/** `Bearer <token>`, or `Basic` with the token for a password. */
function holds(authorization: string | undefined, operatorToken: string): boolean {
  const [, scheme = '', credential = ''] = /^(Bearer|Basic) (\S+)$/i.exec(authorization ?? '') ?? [];
  if (scheme.toLowerCase() === 'bearer') return sameSecret(credential, operatorToken);
  const pair = Buffer.from(credential, 'base64').toString();
  return pair.includes(':') && sameSecret(pair.slice(pair.indexOf(':') + 1), operatorToken);
}

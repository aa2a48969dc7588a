import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { ReadShares } from '../read-shares';
import type { HttpReply, HttpRequest } from './exchange';

/** A request with whose answer a turn ends. */
type ReadRequest = HttpRequest & { endRead?: (() => void) | undefined };

/**
 * Every GET of a user or an app server waits for its caller's turn; nothing else does. A guard, because Nest's interceptors
 * cost each request 10 µs, sends included; so the turn ends with the answer (`endReadsWithAnswers`).
 */
@Injectable()
export class ReadsInTurn implements CanActivate {
  constructor(private readonly shares: ReadShares) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<ReadRequest>();
    const { method, caller } = request;
    // HEAD runs the handler of GET.
    if (method !== 'GET' && method !== 'HEAD') return true;
    return caller?.kind === 'user' || caller?.kind === 'app'
      ? this.begin(request, http.getResponse<HttpReply>(), caller)
      : true;
  }

  private async begin(request: ReadRequest, reply: HttpReply, caller: TenantCaller): Promise<boolean> {
    const leave = await this.shares.enter(caller);
    // Nobody waits for the answer any more, so the read is not begun.
    if (request.raw.socket.destroyed || reply.sent) {
      leave();
      throw new AppError('BUSY');
    }
    request.endRead = leave;
    return true;
  }
}

/** Called once, before the routes are mounted: whatever became of a read, an answer is given in the end. */
export function endReadsWithAnswers(fastify: FastifyInstance): void {
  fastify.decorateRequest('endRead', undefined);
  fastify.addHook('onSend', (request: ReadRequest, _reply: HttpReply, _payload, done) => {
    request.endRead?.();
    request.endRead = undefined;
    done();
  });
}

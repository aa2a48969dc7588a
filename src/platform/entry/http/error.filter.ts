import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { type AppError, invalid } from '../../../kernel/errors/app-error';
import { paddingMs } from '../refusal-timing';
import { toAppError } from '../failures';
import type { HttpReply, HttpRequest } from './exchange';
import { statusOf } from './statuses';

/** Every failure as `{ error: { code, message, …, traceId } }` with the status of its kind (contract.md, Errors). */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    // Its client is gone: nobody reads the answer, and nothing of ours went wrong.
    const failure = isBrokenOff(request) ? brokenOff() : toAppError(thrown);
    if (statusOf(failure.code) >= 500) this.log(request, failure.cause ?? failure, failure.code);
    if (reply.sent) return;
    const padding = request.caller?.kind === 'user' ? paddingMs(failure, reply.elapsedTime) : 0;
    if (padding === 0) answerFailure(request, reply, failure);
    else setTimeout(() => reply.sent || answerFailure(request, reply, failure), padding);
  }

  private log(request: HttpRequest, cause: unknown, code: string): void {
    const what = `${request.method} ${request.routeOptions?.url ?? 'unknown path'} failed with ${code}, trace ${request.id}`;
    if (code === 'RETRY') this.logger.warn({ err: cause }, what);
    else this.logger.error({ err: cause }, what);
  }
}

/** Answers a call that was not answered yet. */
export function answerFailure(request: HttpRequest, reply: HttpReply, failure: AppError): void {
  const status = statusOf(failure.code);
  const error = failure.toWire(request.id);
  if (error.retryAfterMs !== undefined)
    void reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (status === 401) void reply.header('www-authenticate', 'Bearer realm="parley"');
  void reply.status(status).send({ error });
}

/** The connection ended before all of the body had come, and so before any route began. */
const isBrokenOff = ({ raw }: HttpRequest): boolean => raw.destroyed && !raw.complete;
const brokenOff = () => invalid('body', 'The request broke off.');

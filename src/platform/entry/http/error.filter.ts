import { Catch, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { invalid } from '../../../kernel/errors/app-error';
import { holdMs } from '../even-refusals';
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
    const status = statusOf(failure.code);
    const error = failure.toWire(request.id);

    if (status >= 500) this.log(request, failure.cause ?? failure, error.code);
    if (reply.sent) return;
    if (error.retryAfterMs !== undefined)
      void reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
    if (status === 401) void reply.header('www-authenticate', 'Bearer realm="parley"');
    const hold = request.caller?.kind === 'user' ? holdMs(failure, reply.elapsedTime) : 0;
    if (hold === 0) void reply.status(status).send({ error });
    else setTimeout(() => reply.sent || void reply.status(status).send({ error }), hold);
  }

  private log(request: HttpRequest, cause: unknown, code: string): void {
    const what = `${request.method} ${request.routeOptions?.url ?? 'unknown path'} failed with ${code}, trace ${request.id}`;
    if (code === 'RETRY') this.logger.warn({ err: cause }, what);
    else this.logger.error({ err: cause }, what);
  }
}

/** The connection ended before all of the body had come, and so before any route began. */
const isBrokenOff = ({ raw }: HttpRequest): boolean => raw.destroyed && !raw.complete;
const brokenOff = () => invalid('body', 'The request broke off.');

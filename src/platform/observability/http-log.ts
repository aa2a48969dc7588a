import { Logger } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { keyOf } from '../entry/http/caller.guard';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';
import { HttpTimings } from './metrics';

/** Times every REST call, and at level debug tells of it: never what was in it. */
export function observeHttp(app: NestFastifyApplication, debug: boolean): void {
  const timings = new HttpTimings();
  const logger = new Logger('http');
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onResponse', (request: HttpRequest, reply: HttpReply, done: () => void) => {
      const route = request.routeOptions.url ?? 'none';
      timings.observe(request.method, route, reply.statusCode, reply.elapsedTime / 1000);
      if (debug) {
        logger.debug(
          {
            method: request.method,
            route,
            status: reply.statusCode,
            ms: Math.round(reply.elapsedTime * 10) / 10,
            trace: request.id,
            ...(request.caller && { caller: keyOf(request.caller) }),
          },
          'answered',
        );
      }
      done();
    });
}

import {
  applyDecorators,
  Injectable,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { catchError, from, mergeMap, of, switchMap, throwError, type Observable } from 'rxjs';
import { isOutcomeUnknown } from '../../database/sql';
import { keyOf } from './caller.guard';
import type { HttpReply, HttpRequest } from './exchange';
import { IdempotencyKeys, type KeyedCall } from './idempotency';

const HEADER = 'idempotency-key';

@Injectable()
export class IdempotencyInterceptor implements NestInterceptor {
  constructor(private readonly keys: IdempotencyKeys) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    const request = http.getRequest<HttpRequest>();
    const reply = http.getResponse<HttpReply>();
    const key = request.headers[HEADER];
    // A caller without a name has no keys of its own: strangers must not read each other's answers.
    if (key === undefined || !request.caller) return next.handle();

    const keyed: KeyedCall = {
      owner: keyOf(request.caller),
      key: String(key),
      call: `${request.method} ${request.url}`,
      body: request.body,
    };
    return from(this.keys.begin(keyed)).pipe(
      switchMap((kept) => {
        if (!kept) return this.first(keyed, next, reply);
        reply.statusFrom = () => kept.status;
        void reply.header('idempotent-replayed', 'true');
        return of(kept.body);
      }),
    );
  }

  private first(keyed: KeyedCall, next: CallHandler, reply: HttpReply): Observable<unknown> {
    return next.handle().pipe(
      // A refusal gives the key back; its own error is what the client sees, whatever becomes of that. Where the outcome is
      // unknown the key stays taken: what is under way must have ended before anybody creates once more.
      catchError((error: unknown) =>
        from(isOutcomeUnknown(error) ? of(undefined) : this.keys.abandon(keyed)).pipe(
          catchError(() => of(undefined)),
          mergeMap(() => throwError(() => error)),
        ),
      ),
      mergeMap(async (body: unknown) => {
        const status = reply.statusFrom ? reply.statusFrom(body) : reply.statusCode;
        await this.keys.finish(keyed, { status, body });
        return body;
      }),
    );
  }
}

/** A creating call: with an `Idempotency-Key` header, a repeat within 24 hours gets the first answer again. */
export const Idempotent = () =>
  applyDecorators(
    UseInterceptors(IdempotencyInterceptor),
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'Your own key for this creation, 1–64 characters. A repeat with the same key and content within 24 hours answers the same again and creates nothing; with another content it is refused (IDEMPOTENCY_MISMATCH).',
    }),
  );

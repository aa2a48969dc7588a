import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, type Observable } from 'rxjs';
import { ReadShares } from '../read-shares';
import type { HttpRequest } from './exchange';

/** Every GET of a user or an app server waits for its caller's turn; nothing else does. */
@Injectable()
export class ReadsInTurn implements NestInterceptor {
  constructor(private readonly shares: ReadShares) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { method, caller, raw } = context.switchToHttp().getRequest<HttpRequest>();
    // HEAD runs the handler of GET.
    const reads = method === 'GET' || method === 'HEAD';
    if (!reads || (caller?.kind !== 'user' && caller?.kind !== 'app')) return next.handle();
    const isGone = () => raw.socket.destroyed;
    return from(this.shares.run(caller, () => lastValueFrom(next.handle()), isGone));
  }
}

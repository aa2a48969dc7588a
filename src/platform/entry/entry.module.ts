import { Global, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { CallDeadlines } from './call-deadlines';
import { Credentials } from './credentials';
import { BruteForceThrottle } from './brute-force-throttle';
import { OperatorToken } from './operator-token';
import { Pages } from './pages';
import { PasswordAttempts } from './password-attempts';
import { RateLimiter } from './rate-limiter';
import { ReadShares } from './read-shares';
import { SharedRateLimiter } from './shared-rate-limiter';
import { CallerGuard } from './http/caller.guard';
import { ErrorFilter } from './http/error.filter';
import { IdempotencyKeys } from './http/idempotency';
import { IdempotencyInterceptor } from './http/idempotency.interceptor';
import { RoutePolicies } from './http/route-policy';
import { ReadsInTurn } from './http/reads-in-turn';
import { ShapePipe } from './http/shape.pipe';

const SHARED = [
  CallDeadlines,
  Credentials,
  BruteForceThrottle,
  IdempotencyKeys,
  IdempotencyInterceptor,
  OperatorToken,
  Pages,
  PasswordAttempts,
  RateLimiter,
  ReadShares,
  SharedRateLimiter,
];

/** What both doors share: credentials, shapes, failures; and all that stands before a REST route. */
@Global()
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...SHARED,
    RoutePolicies,
    { provide: APP_GUARD, useClass: CallerGuard },
    { provide: APP_GUARD, useClass: ReadsInTurn },
    { provide: APP_PIPE, useClass: ShapePipe },
    { provide: APP_FILTER, useClass: ErrorFilter },
  ],
  exports: SHARED,
})
export class EntryModule {}

import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { TokenBuckets } from './token-buckets';

const USERS_MAX = 200_000;
const APPS_MAX = 10_000;

/** How fast one may send on this node, whatever the door: a user's sockets and its REST calls draw from one bucket. */
@Injectable()
export class SendRates {
  private readonly users: TokenBuckets;
  private readonly apps: TokenBuckets;

  constructor({ limits }: Settings) {
    this.users = new TokenBuckets({
      perSecond: limits.userSendsPerSecond,
      burst: limits.userSendsBurst,
      max: USERS_MAX,
    });
    this.apps = new TokenBuckets({ perSecond: limits.appSendsPerSecond, burst: limits.appSendsBurst, max: APPS_MAX });
  }

  /** @throws AppError RATE_LIMITED */
  takeUser(userPk: number): void {
    refuse(this.users.take(userPk));
  }

  takeApp(appPk: number): void {
    refuse(this.apps.take(appPk));
  }
}

function refuse(retryAfterMs: number): void {
  if (retryAfterMs > 0) throw new AppError('RATE_LIMITED', { retryAfterMs });
}

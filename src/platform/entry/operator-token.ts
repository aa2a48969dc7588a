import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings';
import { sameSecret } from '../secrets/keys';
import { BruteForceThrottle } from './brute-force-throttle';

const ACCOUNT = 'operator';

/** The operator's token, at whichever door it is shown; who guesses at it is slowed down as with a password. */
@Injectable()
export class OperatorToken {
  private readonly token: string | undefined;

  constructor(
    settings: Settings,
    private readonly throttle: BruteForceThrottle,
  ) {
    this.token = settings.security.operatorToken;
  }

  /** @throws AppError RATE_LIMITED to an address that guessed too often */
  async isRight(given: string, address: string): Promise<boolean> {
    const right = this.token !== undefined && sameSecret(given, this.token);
    // Where the operator works, junk that others send from behind the same proxy is no reason to keep it out.
    if (right && this.throttle.knows(ACCOUNT, address)) return true;
    return this.throttle.attempt(ACCOUNT, address, () => right);
  }
}

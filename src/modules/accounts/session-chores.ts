import { Injectable } from '@nestjs/common';
import { Housekeeping } from '../../platform/queues/housekeeping';

/** Ended sessions stay until their tokens have long expired: what is not there cannot say that it was revoked. */
@Injectable()
export class SessionChores {
  constructor(housekeeping: Housekeeping) {
    housekeeping.add({
      name: 'expired sessions',
      run: (tidy) => tidy('DELETE FROM sessions WHERE expiresAt < DATE_SUB(NOW(3), INTERVAL 7 DAY) LIMIT ?', []),
    });
  }
}

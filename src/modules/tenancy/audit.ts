import { Injectable, Logger } from '@nestjs/common';
import type { Caller } from '../../kernel/caller';

const nameOf = (caller: Caller): string => {
  switch (caller.kind) {
    case 'developer':
      return `developer:${caller.accountSid}`;
    case 'app':
      return `app:${caller.app.appId}`;
    case 'user':
      return `user:${caller.app.appId}:${caller.userId}`;
    case 'operator':
      return 'operator';
  }
};

/** What happened to accounts and apps, by whom: one structured line each, and never a secret in it. */
@Injectable()
export class Audit {
  private readonly logger = new Logger('Audit');

  record(by: Caller | 'anyone', action: string, about: Record<string, string | number | boolean | undefined>): void {
    this.logger.log({ audit: action, by: by === 'anyone' ? by : nameOf(by), ...about });
  }
}

import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { Deadlines, type Wait } from '../database/deadlines';
import { Sql } from '../database/sql';
import { SilentDatabase } from '../database/trouble';
import { toAppError } from './failures';

/** The database is to blame for a late call while it keeps somebody waiting for this part of the deadline. */
const SLOW_PART = 1 / 5;
/** For one that takes so many times the deadline, it is sooner: there may have been many small waits. */
const LONG_TIMES = 2;
const LONG_SLOW_PART = 1 / 20;

/**
 * One deadline for a call, whichever door it came through: each answer of a slow database may come in time and all of
 * them together take minutes. Then the caller is told RETRY, and the work goes on: what it stores, the caller's repeat
 * finds. While the database is quick nothing ends here: whatever else a call waits for (a slow hash, its turn) has limits of
 * its own.
 */
@Injectable()
export class CallDeadlines implements OnApplicationShutdown {
  private readonly logger = new Logger('calls');
  private readonly deadlines: Deadlines;

  constructor({ stores }: Settings, sql: Sql) {
    const { timeoutMs } = stores;
    this.deadlines = new Deadlines(timeoutMs, (tookMs) => {
      const part = tookMs < LONG_TIMES * timeoutMs ? SLOW_PART : LONG_SLOW_PART;
      return sql.slowestMs >= part * timeoutMs;
    });
  }

  /** @param late told once, with what the caller is to be told, when the call has taken too long */
  begin(late: (retry: AppError) => void): Wait {
    return this.deadlines.begin(() => late(tooSlow()));
  }

  /** Of every call that was begun, once it has ended. */
  end(call: Wait): void {
    this.deadlines.end(call);
  }

  /** Work failed whose caller was told RETRY before. */
  failedLate(error: unknown): void {
    if (toAppError(error).code !== 'INTERNAL') return;
    this.logger.error({ msg: 'a call failed after its caller was told RETRY, for it took too long', err: error });
  }

  onApplicationShutdown(): void {
    this.deadlines.stop();
  }
}

const tooSlow = (): AppError =>
  new AppError('RETRY', {}, { cause: new SilentDatabase('the database is slow: the call took too long in all') });

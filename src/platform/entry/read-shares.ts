import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import { Settings } from '../config/settings';
import { FairConcurrencyLimiter } from '../concurrency/fair-concurrency-limiter';

/** Reads of one user worked on at once, through either door and on all connections. */
const OF_USER = 2;
/** An app server asks for many users at once, and rightly. */
const OF_APP_SERVER = 8;
/** The part of the database's connections that reads may take; the rest is always there for what writes. */
const OF_POOL = 0.75;
const QUEUED_MAX = 2000;
const QUEUED_OF_ONE_MAX = 200;
/** Who asked longer ago has given up and asks again. */
const QUEUED_MAX_MS = 10_000;
const RETRY_AFTER_MS = 1000;

/**
 * Shares out what reads may take of this process and its database: a caller who asks for a hundred pages at once waits for
 * their own pages, apps take turns, and what writes waits for none of it.
 */
@Injectable()
export class ReadShares {
  private readonly limiter: FairConcurrencyLimiter;

  constructor({ stores }: Settings) {
    this.limiter = new FairConcurrencyLimiter({
      atOnce: Math.max(1, Math.floor(stores.poolSize * OF_POOL)),
      waitingMax: QUEUED_MAX,
      waitingOfOneMax: QUEUED_OF_ONE_MAX,
      waitMaxMs: QUEUED_MAX_MS,
      retryAfterMs: () => RETRY_AFTER_MS,
    });
  }

  /** @throws AppError BUSY before the read, when too much waits already or the wait was too long */
  run<T>(caller: TenantCaller, read: () => Promise<T>): Promise<T> {
    return this.limiter.run(taskOwnerOf(caller), read);
  }

  /**
   * For a read that ends elsewhere than it begins.
   *
   * @returns to be called once, when it has ended
   * @throws AppError BUSY as `run` does
   */
  enter(caller: TenantCaller): Promise<() => void> {
    return this.limiter.enter(taskOwnerOf(caller));
  }
}

const taskOwnerOf = (caller: TenantCaller) =>
  caller.kind === 'user'
    ? { group: caller.app.pk, owner: caller.userPk, share: OF_USER }
    : { group: caller.app.pk, owner: `app:${caller.app.pk}`, share: OF_APP_SERVER };

import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import type { RateSubject } from '../../platform/entry/rate-limiter';
import type { SqlExecutor } from '../../platform/database/sql';
import type { Admission, Sender } from '../conversations';
import { Apps } from '../tenancy';
import { SenderAdmission } from './sender-admission';
import { UserDirectory, type KnownUser } from './user-directory';
import { type NamedUser, UserRegistry } from './user-registry';

/** Whom one writes to by user id: found, made to wait, or refused. */
@Injectable()
export class Recipients {
  constructor(
    private readonly apps: Apps,
    private readonly directory: UserDirectory,
    private readonly registry: UserRegistry,
    private readonly senders: SenderAdmission,
  ) {}

  cached(app: AppRef, userId: string): KnownUser | undefined {
    return this.directory.cached(app.pk, userId);
  }

  /**
   * @param creator who pays for a name that is new
   * @param field where the caller named it
   * @throws AppError USER_NOT_FOUND, RATE_LIMITED (`newNames`) or QUOTA_EXCEEDED
   */
  async find(ref: AppRef, creator: RateSubject, userId: string, field?: string): Promise<KnownUser> {
    const known = await this.directory.find(ref.pk, userId);
    if (known) return known;
    const [found] = await this.findAll(ref, creator, [{ userId, field }]);
    return found;
  }

  /**
   * The same for several in their order: where one is refused, none of them is made to wait.
   *
   * @throws AppError also LIMIT_REACHED, where more of them are new than an hour's budget
   */
  async findAll(ref: AppRef, creator: RateSubject, names: readonly NamedUser[]): Promise<KnownUser[]> {
    const userIds = names.map(({ userId }) => userId);
    const known = await this.directory.findMany(ref.pk, userIds);
    const unknown = names.filter(({ userId }) => !known.has(userId));
    if (unknown.length > 0) {
      const app = await this.apps.byPk(ref.pk);
      if (!app) throw new AppError('APP_NOT_ONLINE');
      await this.registry.keepWaiting(app, creator, unknown);
    }
    const all = unknown.length > 0 ? await this.directory.findMany(ref.pk, userIds) : known;
    return names.map(({ userId, field }) => {
      const user = all.get(userId);
      if (!user) throw new AppError('USER_NOT_FOUND', { field });
      return user;
    });
  }

  /** The senders' standing, and whether those they write to still exist. The deactivated still receive. */
  async admit(
    tx: SqlExecutor,
    admissions: readonly Admission[],
    recipientOf: (admission: Admission) => number,
  ): Promise<(AppError | undefined)[]> {
    const recipients = admissions.map(recipientOf);
    const { refusals, gone } = await this.senders.check(tx, admissions, recipients);
    if (gone.size === 0) return [...refusals];
    // This node was not told: the next send finds whoever holds the id now.
    for (const { app } of admissions) for (const userPk of gone) this.directory.drop(app.pk, userPk);
    return refusals.map((refusal, index) =>
      !refusal && gone.has(recipients[index] ?? 0) ? new AppError('USER_NOT_FOUND', { field: 'to.id' }) : refusal,
    );
  }
}

/** Who asks when a message names somebody: the user itself, else the app's server, in whose name ever. */
export const creatorOf = (app: AppRef, sender: Sender | null): RateSubject =>
  sender?.session ? { kind: 'user', userPk: sender.userPk } : { kind: 'app', app };

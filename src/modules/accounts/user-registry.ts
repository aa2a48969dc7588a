import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import type { RateSubject } from '../../platform/entry/rate-limiter';
import { SharedRateLimiter } from '../../platform/entry/shared-rate-limiter';
import { Live } from '../../platform/realtime/live';
import { Audiences } from '../conversations';
import type { App } from '../tenancy';
import { modeOf } from './account-mode';
import { bareUser, UsersRepository, type UserRecord } from './users.repository';

/** A name that somebody used, and the field where they wrote it. */
export interface NamedUser {
  readonly userId: string;
  readonly field?: string;
}

/** Makes users out of names, where the app's account mode allows it. */
@Injectable()
export class UserRegistry {
  constructor(
    private readonly users: UsersRepository,
    private readonly live: Live,
    private readonly audiences: Audiences,
    private readonly rates: SharedRateLimiter,
  ) {}

  /**
   * The user who logs in (or is given a token) under this id; where the mode registers at login, a new name becomes one.
   * Throws USER_NOT_FOUND, USER_DEACTIVATED, QUOTA_EXCEEDED or INVALID_REQUEST.
   */
  async enter(app: App, userId: string): Promise<UserRecord> {
    const mode = modeOf(app);
    const known = await this.users.find(app.pk, userId);
    if (known?.status === 'deactivated') throw new AppError('USER_DEACTIVATED');
    if (known?.registered) return known;
    if (!mode.registersAtLogin) throw new AppError('USER_NOT_FOUND');
    mode.checkName(app, userId);
    const [made] = await this.users.create(app, [{ ...bareUser(userId), registered: true }]);
    if (known) this.live.forget({ cache: 'user', appPk: app.pk, pk: known.id });
    if (made instanceof AppError && made.code === 'ALREADY_EXISTS') return this.registeredMeanwhile(app, userId);
    if (!made || made instanceof AppError) throw made ?? new AppError('USER_NOT_FOUND');
    return made;
  }

  /**
   * Users whom somebody names, in a message or a group, and nobody knows: in arbitrary mode valid names that never logged
   * in are kept and wait, where the app says so, unless one is the id of a group or a room, which was meant as such
   * (acceptance E38). All are kept or none. The only place that makes users whom nobody made or logged in; each counts
   * against whoever named it, and against the plan only once it logs in.
   *
   * @throws AppError USER_NOT_FOUND, RATE_LIMITED or LIMIT_REACHED (`newNames`), QUOTA_EXCEEDED (`waitingNames`)
   */
  async keepWaiting(app: App, creator: RateSubject, names: readonly NamedUser[]): Promise<void> {
    for (const { userId, field } of names) {
      if (!modeOf(app).awaitsUnknown(app, userId) || (await this.isNoUser(app, userId)))
        throw new AppError('USER_NOT_FOUND', { field });
    }
    const userIds = names.map(({ userId }) => userId);
    await this.rates.consumeFor('newNames', creator, userIds.length, async () => {
      const made = await this.users.keepWaiting(app, userIds);
      // Others named them in the same moment, and have paid.
      if (made < userIds.length) await this.rates.refund('newNames', creator, userIds.length - made);
    });
  }

  private async isNoUser(app: App, id: string): Promise<boolean> {
    for (const kind of ['group', 'chatroom'] as const) {
      if ((await this.audiences.of(kind)?.targets?.locate(app.pk, id)) !== undefined) return true;
    }
    return false;
  }

  private async registeredMeanwhile(app: App, userId: string): Promise<UserRecord> {
    const user = await this.users.find(app.pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    if (user.status !== 'active') throw new AppError('USER_DEACTIVATED');
    return user;
  }
}

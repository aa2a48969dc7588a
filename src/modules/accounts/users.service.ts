import { Injectable } from '@nestjs/common';
import type { AppCaller, AppRef, TenantCaller } from '../../kernel/caller';
import type { UserEvent } from '../../kernel/contracts/socket-events';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { Sql } from '../../platform/database/sql';
import { readCursor } from '../../platform/entry/cursor';
import { PasswordAttempts } from '../../platform/entry/password-attempts';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { validatorOf } from '../../platform/entry/shapes';
import { Live } from '../../platform/realtime/live';
import { Passwords } from '../../platform/secrets/passwords';
import { Apps, type App } from '../tenancy';
import { modeOf, type Newcomer, warned } from './account-mode';
import { Departures } from './departures';
import { BATCH_MAX } from './dto/one-or-many';
import { CreateUserDto, type PatchUserDto } from './dto/user.dto';
import { storable } from './profile';
import { SessionEnder } from './session-ender';
import { UserDirectory, type KnownUser } from './user-directory';
import { UserEvents } from './user-events.service';
import {
  ownProfile,
  publicProfile,
  userView,
  type CreatedItem,
  type CreatedUser,
  type OwnProfile,
  type PublicProfile,
  type UserView,
} from './user-view';
import { UsersRepository, type NewUserRow, type UserRecord } from './users.repository';

interface Prepared {
  row: NewUserRow;
  /** The generated password, in clear this once. */
  password?: string;
}

const choosesPassword = (item: unknown): boolean =>
  typeof (item as { password?: unknown } | null)?.password === 'string';

/** The users of an app: made, read, changed and taken away. */
@Injectable()
export class Users {
  constructor(
    private readonly sql: Sql,
    private readonly live: Live,
    private readonly apps: Apps,
    private readonly users: UsersRepository,
    private readonly directory: UserDirectory,
    private readonly events: UserEvents,
    private readonly ender: SessionEnder,
    private readonly departures: Departures,
    private readonly passwords: Passwords,
    private readonly passwordAttempts: PasswordAttempts,
    private readonly pages: Pages,
  ) {}

  /** The living user of this id as far as the app may know; from memory where possible. */
  resolve(app: AppRef, userId: string): Promise<KnownUser | undefined> {
    return this.directory.find(app.pk, userId);
  }

  /** One user, or up to 100 at once with an answer for each. */
  create(caller: AppCaller, wanted: CreateUserDto | unknown[]): Promise<CreatedUser | { items: CreatedItem[] }> {
    return Array.isArray(wanted) ? this.createMany(caller, wanted) : this.createOne(caller, wanted);
  }

  private async createOne(caller: AppCaller, wanted: CreateUserDto): Promise<CreatedUser> {
    const [made] = await this.store(caller, [wanted]);
    if (!made || made instanceof AppError) throw made ?? new AppError('INTERNAL');
    return made;
  }

  private async createMany(caller: AppCaller, wanted: unknown[]): Promise<{ items: CreatedItem[] }> {
    if (wanted.length === 0 || wanted.length > BATCH_MAX) throw invalid('body', `A batch has 1 to ${BATCH_MAX} users.`);
    const made = await this.store(caller, wanted);
    const traceId = randomId(16);
    return {
      items: made.map((item) =>
        item instanceof AppError ? { ok: false, error: item.toWire(traceId) } : { ok: true, user: item },
      ),
    };
  }

  private async store(caller: AppCaller, wanted: readonly unknown[]): Promise<(CreatedUser | AppError)[]> {
    const app = await this.appOf(caller);
    // Before the first of them: a batch is let in with all its passwords or waits.
    if (modeOf(app).hasPasswords)
      await this.passwordAttempts.consumeForApp(caller, wanted.filter(choosesPassword).length);
    const prepared: (Prepared | AppError)[] = [];
    // One after the other, so that a batch stands in line for one slow hash at a time.
    for (const item of wanted) prepared.push(await this.prepare(caller, app, item));
    const good = prepared.filter((item): item is Prepared => !(item instanceof AppError));
    const stored =
      good.length === 0
        ? []
        : await this.users.create(
            app,
            good.map(({ row }) => row),
          );
    const next = stored[Symbol.iterator]();
    const answers = prepared.map((item) => {
      if (item instanceof AppError) return item;
      const record = next.next().value as UserRecord | AppError;
      return record instanceof AppError
        ? record
        : {
            ...userView(record),
            ...(item.password !== undefined && { password: item.password }),
            ...warned(app, record.userId),
          };
    });
    this.forgetAwaited(app, stored);
    return answers;
  }

  /** Names that were written to before they became users are remembered as such. */
  private forgetAwaited(app: App, stored: readonly (UserRecord | AppError)[]): void {
    for (const user of stored) {
      if (user instanceof AppError || this.directory.cached(app.pk, user.userId) === undefined) continue;
      this.live.forget({ cache: 'user', appPk: app.pk, pk: user.id });
    }
  }

  /** A user ready to be stored, or what is wrong with it. */
  private async prepare(caller: AppCaller, app: App, item: unknown): Promise<Prepared | AppError> {
    try {
      const wanted = validatorOf(CreateUserDto)(item);
      const newcomer = modeOf(app).newcomer(app, wanted);
      const fields = { nickname: null, avatarUrl: null, profile: null, ...storable(wanted) };
      const passwordHash = await this.hash(caller, newcomer.password);
      const { userId, account, password } = newcomer;
      const row = { userId, account, passwordHash, ...fields, registered: true };
      return password && 'generated' in password ? { row, password: password.generated } : { row };
    } catch (error) {
      if (error instanceof AppError) return error;
      throw error;
    }
  }

  private async hash(caller: AppCaller, password: Newcomer['password']): Promise<string | null> {
    if (!password) return null;
    return 'generated' in password
      ? this.passwords.hashGenerated(password.generated)
      : this.passwordAttempts.hashForApp(caller, password.chosen);
  }

  async list(caller: AppCaller, query: PageQuery): Promise<Page<UserView>> {
    const [after] = readCursor(query.cursor, 'string') ?? [''];
    const limit = limitOf(query);
    const rows = await this.users.page(caller.app.pk, after, limit + 1);
    return this.pages.of(rows, limit, ({ userId }) => [userId], userView);
  }

  /** All to the app's server, its own profile to a user, the public part to others. Throws USER_NOT_FOUND. */
  async get(caller: TenantCaller, userId: string): Promise<UserView | OwnProfile | PublicProfile> {
    const user = await this.users.find(caller.app.pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    return this.shown(caller, user);
  }

  /** Throws USER_NOT_FOUND, FORBIDDEN (another's profile), INVALID_REQUEST or TOO_LARGE. */
  async change(
    caller: TenantCaller,
    userId: string,
    patch: PatchUserDto,
  ): Promise<UserView | OwnProfile | PublicProfile> {
    const known = await this.existing(caller, userId);
    if (caller.kind === 'user' && caller.userPk !== known.userPk) throw new AppError('FORBIDDEN');
    const fields = storable(patch);
    const { user, event } = await this.sql.transaction(async (tx) => {
      await this.users.patch(tx, known.userPk, fields);
      const changed = await this.users.find(caller.app.pk, userId, tx);
      if (!changed) throw new AppError('USER_NOT_FOUND');
      const told = await this.events.append(tx, known.userPk, 'profile-changed', 'profile', {
        ...publicProfile(changed),
      });
      return { user: changed, event: told };
    });
    this.tellDevices(caller, known.userPk, event);
    return this.shown(caller, user);
  }

  /** Ends the user and its sessions; groups it was in let it go soon after. Its id, used again, inherits nothing. */
  async remove(caller: AppCaller, userId: string): Promise<void> {
    const { userPk } = await this.existing(caller, userId);
    const ended = await this.sql.transaction(async (tx) => {
      const sessions = await this.ender.endIn(tx, caller.app.pk, userPk, { all: true }, 'deleted');
      await this.users.bury(tx, userPk);
      this.departures.owe(tx, { appPk: caller.app.pk, userPk, userId });
      return sessions;
    });
    await this.ender.tell(ended);
  }

  /** Sessions end and logins are refused until it is activated again; what others send still waits for it. */
  async deactivate(caller: AppCaller, userId: string): Promise<UserView> {
    const { userPk } = await this.existing(caller, userId);
    const ended = await this.sql.transaction(async (tx) => {
      const sessions = await this.ender.endIn(tx, caller.app.pk, userPk, { all: true }, 'deactivated');
      await this.users.setStatus(tx, userPk, 'deactivated');
      return sessions;
    });
    await this.ender.tell(ended);
    return this.view(caller, userId);
  }

  async activate(caller: AppCaller, userId: string): Promise<UserView> {
    const { userPk } = await this.existing(caller, userId);
    await this.users.setStatus(this.sql, userPk, 'active');
    this.live.forget({ cache: 'user', appPk: caller.app.pk, pk: userPk });
    return this.view(caller, userId);
  }

  private async view(caller: AppCaller, userId: string): Promise<UserView> {
    const user = await this.users.find(caller.app.pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    return userView(user);
  }

  private shown(caller: TenantCaller, user: UserRecord): UserView | OwnProfile | PublicProfile {
    if (caller.kind === 'app') return userView(user);
    return caller.userPk === user.id ? ownProfile(user) : publicProfile(user);
  }

  private tellDevices(caller: TenantCaller, userPk: number, event: UserEvent): void {
    const exceptSocketId = caller.kind === 'user' ? caller.socketId : undefined;
    this.live.toUsers(
      caller.app.pk,
      [userPk],
      'user:event',
      event,
      exceptSocketId === undefined ? {} : { exceptSocketId },
    );
  }

  private async existing(caller: TenantCaller, userId: string): Promise<KnownUser> {
    const user = await this.directory.find(caller.app.pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    return user;
  }

  private async appOf(caller: AppCaller): Promise<App> {
    const app = await this.apps.byPk(caller.app.pk);
    if (!app) throw new AppError('APP_NOT_FOUND');
    return app;
  }
}

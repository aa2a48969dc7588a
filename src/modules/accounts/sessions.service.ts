import { Injectable } from '@nestjs/common';
import type { AppCaller, TenantCaller, UserCaller } from '../../kernel/caller';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { ID_PATTERN } from '../../kernel/ids';
import { Settings } from '../../platform/config/settings';
import { Sql } from '../../platform/database/sql';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { PasswordAttempts } from '../../platform/entry/password-attempts';
import { RateLimiter } from '../../platform/entry/rate-limiter';
import { Live } from '../../platform/realtime/live';
import { Apps, type App } from '../tenancy';
import { GENERATED_PASSWORD, modeOf, warned } from './account-mode';
import type { ChangePasswordDto, LoginDto } from './dto/session.dto';
import { Endpoints } from './endpoints';
import { accountOf, type LoggedIn, Logins } from './logins';
import { SessionEnder } from './session-ender';
import { UserDirectory, type KnownUser } from './user-directory';
import { UserRegistry } from './user-registry';
import { UserTokens, type IssuedToken } from './user-tokens.service';
import { UsersRepository } from './users.repository';

export interface LoginAnswer extends IssuedToken {
  /** Where to connect, best first (Y31); empty: to the address that this call went to. */
  endpoints: readonly string[];
  /** What the server will do; a client may ask less of a sleeping device (Y29). */
  heartbeat: { intervalMs: number; timeoutMs: number };
  /** Bytes of the largest frame that a socket may send. */
  frameBytes: number;
}

export interface SessionView {
  sessionId: string;
  deviceId?: string;
  platform?: string;
  createdAt: string;
  /** Last time that the device connected. */
  boundAt?: string;
  expiresAt: string;
  online: boolean;
}

interface SessionRecord {
  id: number;
  sessionId: string;
  deviceId: string | null;
  platform: string | null;
  createdAt: Date;
  boundAt: Date | null;
  expiresAt: Date;
}

/** Logging in, out and on; and ending the sessions of others. */
@Injectable()
export class SessionsService {
  constructor(
    private readonly settings: Settings,
    private readonly sql: Sql,
    private readonly live: Live,
    private readonly apps: Apps,
    private readonly endpoints: Endpoints,
    private readonly users: UsersRepository,
    private readonly directory: UserDirectory,
    private readonly registry: UserRegistry,
    private readonly logins: Logins,
    private readonly passwordAttempts: PasswordAttempts,
    private readonly rates: RateLimiter,
    private readonly tokens: UserTokens,
    private readonly ender: SessionEnder,
    private readonly pages: Pages,
  ) {}

  /**
   * Throws APP_NOT_FOUND, APP_NOT_ONLINE, BAD_CREDENTIALS (the same for every wrong account or password),
   * USER_DEACTIVATED, RATE_LIMITED, QUOTA_EXCEEDED or INVALID_REQUEST.
   */
  async login(login: LoginDto, address: string): Promise<LoginAnswer> {
    const app = ID_PATTERN.test(login.appId) ? await this.apps.find(login.appId) : undefined;
    if (!app) throw new AppError('APP_NOT_FOUND');
    this.apps.assertOnline(app);
    const user = await this.proven(app, login, address);
    return { ...(await this.tokens.open(app, user)), ...this.connecting(app), ...warned(app, user.userId) };
  }

  /** Wrong credentials count for their address, at this door as at every other. */
  private async proven(app: App, login: LoginDto, address: string): Promise<LoggedIn> {
    try {
      return await this.logins.prove(app, login, address);
    } catch (error) {
      if (error instanceof AppError && error.code === 'BAD_CREDENTIALS')
        this.rates.consumeByAddress('wrongCredentials', address);
      throw error;
    }
  }

  /** A token made by the app's own server; in arbitrary mode a new valid name becomes a user. */
  async issue(caller: AppCaller, userId: string, ttlSeconds: number | undefined): Promise<IssuedToken> {
    const app = await this.appOf(caller);
    const issued = await this.tokens.open(app, await this.registry.enter(app, userId), ttlSeconds);
    return { ...issued, ...warned(app, userId) };
  }

  async renew(caller: UserCaller): Promise<LoginAnswer> {
    const app = await this.appOf(caller);
    const loginId = await this.loginOf(caller.userPk, caller.sessionId);
    if (loginId === undefined) throw new AppError('TOKEN_REVOKED');
    return { ...(await this.tokens.renew(app, caller.userPk, loginId)), ...this.connecting(app) };
  }

  async logout(caller: UserCaller): Promise<void> {
    const loginId = await this.loginOf(caller.userPk, caller.sessionId);
    if (loginId !== undefined) await this.ender.end(caller.app.pk, caller.userPk, { loginId }, 'logout');
  }

  /** The latest first. */
  async list(caller: TenantCaller, userId: string, query: PageQuery): Promise<Page<SessionView>> {
    const { userPk } = await this.reachable(caller, userId);
    const [before] = readCursor(query.cursor, 'number') ?? [Number.MAX_SAFE_INTEGER];
    const limit = limitOf(query);
    const rows = await this.sql.rows<SessionRecord>(
      `SELECT id, sessionId, deviceId, platform, createdAt, boundAt, expiresAt FROM sessions
        WHERE userPk = ? AND endedAt IS NULL AND expiresAt > NOW(3) AND id < ? ORDER BY id DESC LIMIT ${limit + 1}`,
      [userPk, before],
    );
    const online = (await this.live.online(caller.app.pk, [userPk])).has(userPk);
    return this.pages.of(
      rows,
      limit,
      ({ id }) => [id],
      (row) => viewOf(row, online),
    );
  }

  /** Ends one login of the user, or all. Throws SESSION_NOT_FOUND. */
  async revoke(caller: TenantCaller, userId: string, sessionId?: string): Promise<void> {
    const { userPk } = await this.reachable(caller, userId);
    if (sessionId === undefined) {
      await this.ender.end(caller.app.pk, userPk, { all: true }, 'revoked');
      return;
    }
    const loginId = await this.loginOf(userPk, sessionId);
    if (loginId === undefined) throw new AppError('SESSION_NOT_FOUND');
    await this.ender.end(caller.app.pk, userPk, { loginId }, 'revoked');
  }

  /** Ends the user's other logins, in case the old password was known to others. */
  async changePassword(
    caller: TenantCaller,
    userId: string,
    change: ChangePasswordDto,
    address: string,
  ): Promise<void> {
    const user = await this.reachable(caller, userId);
    if (!modeOf(await this.appOf(caller)).hasPasswords) {
      throw invalid('newPassword', 'Users of this app have no password here; your app checks it.');
    }
    if (GENERATED_PASSWORD.test(change.newPassword)) {
      throw invalid('newPassword', 'This looks like a generated password; choose another.');
    }
    const passwordHash = await this.newHash(caller, change, address);
    const own = caller.kind === 'user' ? await this.loginOf(caller.userPk, caller.sessionId) : undefined;
    const ended = await this.sql.transaction(async (tx) => {
      const which = own === undefined ? { all: true as const } : { all: true as const, exceptLoginId: own };
      const sessions = await this.ender.endIn(tx, caller.app.pk, user.userPk, which, 'revoked');
      await this.users.setPassword(tx, user.userPk, passwordHash);
      return sessions;
    });
    await this.ender.tell(ended);
  }

  /** The app's server sets a password as it sets all others; a user must know the old one. */
  private async newHash(
    caller: TenantCaller,
    { oldPassword, newPassword }: ChangePasswordDto,
    address: string,
  ): Promise<string> {
    if (caller.kind === 'app') {
      await this.passwordAttempts.consumeForApp(caller, 1);
      return this.passwordAttempts.hashForApp(caller, newPassword);
    }
    if (oldPassword === undefined) throw invalid('oldPassword', 'Give your present password too.');
    const account = accountOf(caller.userPk);
    const user = await this.users.loginRecord(caller.app.pk, 'userId', caller.userId);
    await this.logins.assertPassword(caller.app, account, user, oldPassword, address);
    return this.passwordAttempts.hash({ tenant: `app:${caller.app.pk}`, account, address }, newPassword);
  }

  /** The user that this caller may manage: an app server any of its app, a user itself. */
  private async reachable(caller: TenantCaller, userId: string): Promise<KnownUser> {
    const user = await this.directory.find(caller.app.pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND');
    if (caller.kind === 'user' && caller.userPk !== user.userPk) throw new AppError('FORBIDDEN');
    return user;
  }

  private async loginOf(userPk: number, sessionId: string): Promise<string | undefined> {
    if (!ID_PATTERN.test(sessionId)) return undefined;
    const [row] = await this.sql.rows<{ loginId: string }>(
      'SELECT loginId FROM sessions WHERE sessionId = ? AND userPk = ?',
      [sessionId, userPk],
    );
    return row?.loginId;
  }

  private async appOf(caller: TenantCaller): Promise<App> {
    const app = await this.apps.byPk(caller.app.pk);
    if (!app) throw new AppError('APP_NOT_FOUND');
    return app;
  }

  private connecting(app: App): Pick<LoginAnswer, 'endpoints' | 'heartbeat' | 'frameBytes'> {
    const { pingIntervalMs, pingTimeoutMs } = this.settings.realtime;
    return {
      endpoints: this.endpoints.of(app),
      heartbeat: { intervalMs: pingIntervalMs, timeoutMs: pingTimeoutMs },
      frameBytes: this.settings.limits.frameBytes,
    };
  }
}

const viewOf = (row: SessionRecord, userOnline: boolean): SessionView => ({
  sessionId: row.sessionId,
  ...(row.deviceId !== null && { deviceId: row.deviceId }),
  ...(row.platform !== null && { platform: row.platform }),
  createdAt: row.createdAt.toISOString(),
  ...(row.boundAt !== null && { boundAt: row.boundAt.toISOString() }),
  expiresAt: row.expiresAt.toISOString(),
  online: userOnline && row.deviceId !== null,
});

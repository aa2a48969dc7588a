import { Injectable } from '@nestjs/common';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { PasswordAttempts } from '../../platform/entry/password-attempts';
import { Passwords } from '../../platform/secrets/passwords';
import { Apps, type App } from '../tenancy';
import { GENERATED_PASSWORD, type AccountMode } from './account-mode';
import type { LoginDto } from './dto/session.dto';
import { UserRegistry } from './user-registry';
import { UsersRepository, type LoginRecord } from './users.repository';

/** The user that a login proved. */
export interface LoggedIn {
  id: number;
  userId: string;
  tokenVersion: number;
}

/** The name by which failed logins count for a user. */
export const accountOf = (userPk: number): string => `user:${userPk}`;

type Login = (app: App, login: LoginDto, address: string) => Promise<LoggedIn>;

/** What each account mode asks of whoever logs in. */
@Injectable()
export class Logins {
  private readonly methods: Readonly<Record<AccountMode['kind'], Login>> = {
    fixed: (app, login, address) => this.byPassword(app, login, address),
    arbitrary: (app, login) => this.byAppToken(app, login),
  };

  constructor(
    private readonly apps: Apps,
    private readonly users: UsersRepository,
    private readonly registry: UserRegistry,
    private readonly passwords: Passwords,
    private readonly passwordAttempts: PasswordAttempts,
  ) {}

  /** Throws BAD_CREDENTIALS, USER_DEACTIVATED, RATE_LIMITED, QUOTA_EXCEEDED or INVALID_REQUEST. */
  prove(app: App, login: LoginDto, address: string): Promise<LoggedIn> {
    return this.methods[app.accountMode](app, login, address);
  }

  /**
   * Whether this is the user's password. The work depends on what was typed only, never on what is stored, so that its
   * time tells nothing; what looks generated costs no slow hash, and nobody guesses 130 bits.
   *
   * @param account the user's own name for the throttle, or that of nobody
   * @throws AppError BAD_CREDENTIALS, RATE_LIMITED or BUSY
   */
  async assertPassword(
    app: Pick<App, 'pk'>,
    account: string,
    user: Pick<LoginRecord, 'passwordHash'> | undefined,
    password: string,
    address: string,
  ): Promise<void> {
    const generated = GENERATED_PASSWORD.test(password);
    const stored = user?.passwordHash?.startsWith(generated ? 'keyed$' : 'scrypt$') ? user.passwordHash : null;
    const right = generated
      ? this.passwords.isGenerated(password, stored)
      : await this.passwordAttempts.isRight({ tenant: `app:${app.pk}`, account, address }, password, stored);
    if (!right) throw new AppError('BAD_CREDENTIALS');
  }

  private async byPassword(app: App, login: LoginDto, address: string): Promise<LoggedIn> {
    const { account, userId, password } = login;
    if (login.appToken !== undefined) throw invalid('appToken', 'Users of this app log in with account and password.');
    if (password === undefined) throw invalid('password', 'Users of this app log in with a password.');
    if ((account === undefined) === (userId === undefined)) {
      throw invalid('account', 'Name the user by `account` or by `userId`, one of them.');
    }
    const name = account ?? userId ?? '';
    const by = account === undefined ? 'userId' : 'account';
    const user = await this.users.loginRecord(app.pk, by, name);
    // One account whichever name it is called by; names of nobody are told apart, as guesses at different accounts are.
    const guessed = user ? accountOf(user.id) : `app:${app.pk}:nobody:${name}`;
    await this.assertPassword(app, guessed, user, password, address);
    if (!user) throw new AppError('BAD_CREDENTIALS');
    if (user.status !== 'active') throw new AppError('USER_DEACTIVATED');
    return user;
  }

  /** The login key proves the app, and the app answers for the name. */
  private async byAppToken(app: App, login: LoginDto): Promise<LoggedIn> {
    const { appToken, userId } = login;
    if (login.account !== undefined) throw invalid('account', 'Users of this app log in with `userId`.');
    if (login.password !== undefined) throw invalid('password', 'Users of this app log in with the appToken alone.');
    if (appToken === undefined) throw invalid('appToken', 'Users of this app log in with its appToken.');
    if (userId === undefined) throw invalid('userId', 'Name the user.');
    if (!app.settings.loginByAppToken) {
      const message =
        'This app lets nobody in by its appToken (settings.loginByAppToken); ask its server for a user token.';
      throw new AppError('FORBIDDEN', { field: 'appToken', message });
    }
    if (!this.apps.verifyAppToken(app, appToken)) throw new AppError('BAD_CREDENTIALS');
    return this.registry.enter(app, userId);
  }
}

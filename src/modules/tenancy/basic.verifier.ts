import { Injectable } from '@nestjs/common';
import type { AppCaller, Caller, DeveloperCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Credentials, type CredentialContext, type CredentialVerifier } from '../../platform/entry/credentials';
import { PasswordAttempts } from '../../platform/entry/password-attempts';
import { Vault } from '../../platform/secrets/vault';
import { APP_ID_PREFIX, Apps, type App } from './apps';
import { DEVELOPERS } from './developers.service';
import { DevelopersRepository, type KnownDeveloper } from './developers.repository';
import { DEVELOPER_SID_PREFIX, KnownDevelopers } from './known-developers';

/** What an unknown name is compared with, so that it costs what a wrong secret costs. */
const NOBODY = Buffer.alloc(32);
/** As long as a password can be when signing up. */
const PASSWORD_MAX = 128;

/**
 * HTTP Basic: `accountSid:authToken` is a developer, or with X-App-Id the app server of one of its apps;
 * `appId:appSecret` is an app server. Where a route takes passwords, `email:password` is a developer too. Whatever is wrong with them, the answer is BAD_CREDENTIALS.
 */
@Injectable()
export class BasicVerifier implements CredentialVerifier {
  readonly scheme = 'basic';

  constructor(
    private readonly apps: Apps,
    private readonly developers: KnownDevelopers,
    private readonly repository: DevelopersRepository,
    private readonly passwordAttempts: PasswordAttempts,
    private readonly vault: Vault,
    credentials: Credentials,
  ) {
    credentials.register(this);
  }

  async verify(credential: string, { appId, address, takesPassword }: CredentialContext): Promise<Caller> {
    const colon = credential.indexOf(':');
    const name = colon < 0 ? credential : credential.slice(0, colon);
    const secret = colon < 0 ? '' : credential.slice(colon + 1);
    if (takesPassword && name.includes('@')) return this.person(name.toLowerCase(), secret, address);
    if (!name.startsWith(DEVELOPER_SID_PREFIX)) return this.appServer(name, secret, appId);

    const developer = await this.developer(name, secret);
    return appId === undefined ? developer : this.asAppServer(developer, appId);
  }

  private async appServer(appId: string, secret: string, headerAppId: string | undefined): Promise<AppCaller> {
    const app = await this.apps.find(appId);
    const proved = app ? this.apps.verifyAppSecret(app, secret) : this.vault.matches(secret, NOBODY);
    if (!app || !proved) throw new AppError('BAD_CREDENTIALS', hintFor(appId));
    // Its own id in the header says nothing new; another's must not be mistaken for it.
    if (headerAppId !== undefined && headerAppId !== app.appId) throw new AppError('APP_NOT_FOUND');
    return this.callerOf(app);
  }

  private async developer(accountSid: string, authToken: string): Promise<DeveloperCaller> {
    const developer = await this.developers.find(accountSid);
    const proved = this.vault.matches(authToken, developer?.authTokenHash ?? NOBODY);
    if (!developer || !proved) throw new AppError('BAD_CREDENTIALS');
    return developerCaller(developer);
  }

  /** Throws RATE_LIMITED or BUSY as well, as every door for passwords does. */
  private async person(email: string, password: string, address: string): Promise<DeveloperCaller> {
    const developer = password.length > PASSWORD_MAX ? undefined : await this.repository.withPassword(email);
    const account = developer ? `developer:${developer.pk}` : `developer:nobody:${email}`;
    const user = { tenant: DEVELOPERS, account, address };
    const right = await this.passwordAttempts.isRight(user, password.slice(0, PASSWORD_MAX), developer?.passwordHash);
    if (!developer || !right) throw new AppError('BAD_CREDENTIALS');
    return developerCaller(developer);
  }

  private async asAppServer(developer: DeveloperCaller, appId: string): Promise<AppCaller> {
    const app = await this.apps.find(appId);
    if (!app || app.developerPk !== developer.developerPk) throw new AppError('APP_NOT_FOUND');
    return this.callerOf(app);
  }

  private callerOf(app: App): AppCaller {
    this.apps.assertOnline(app);
    return { kind: 'app', app };
  }
}

/** Of the form alone, which says nothing about who exists. */
function hintFor(name: string): { message?: string } {
  if (name.includes('@'))
    return { message: 'An e-mail and its password are no credential for this call: use accountSid:authToken.' };
  if (name.startsWith(APP_ID_PREFIX)) return {};
  return {
    message: "Basic takes appId:appSecret or accountSid:authToken; the operator's token and users' go with Bearer.",
  };
}

function developerCaller({ pk, accountSid, status }: KnownDeveloper): DeveloperCaller {
  if (status === 'suspended') throw new AppError('DEVELOPER_SUSPENDED');
  return { kind: 'developer', developerPk: pk, accountSid };
}

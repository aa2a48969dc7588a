import { Injectable } from '@nestjs/common';
import type { AppCaller, Caller, DeveloperCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Credentials, type CredentialContext, type CredentialVerifier } from '../../platform/entry/credentials';
import { Vault } from '../../platform/secrets/vault';
import { Apps, type App } from './apps';
import { DEVELOPER_SID_PREFIX, KnownDevelopers } from './known-developers';

/** What an unknown name is compared with, so that it costs what a wrong secret costs. */
const NOBODY = Buffer.alloc(32);

/**
 * HTTP Basic: `accountSid:authToken` is a developer, or with X-App-Id the app server of one of its apps;
 * `appId:appSecret` is an app server. Whatever is wrong with them, the answer is BAD_CREDENTIALS.
 */
@Injectable()
export class BasicVerifier implements CredentialVerifier {
  readonly scheme = 'basic';

  constructor(
    private readonly apps: Apps,
    private readonly developers: KnownDevelopers,
    private readonly vault: Vault,
    credentials: Credentials,
  ) {
    credentials.register(this);
  }

  async verify(credential: string, { appId }: CredentialContext): Promise<Caller> {
    const colon = credential.indexOf(':');
    const name = colon < 0 ? credential : credential.slice(0, colon);
    const secret = colon < 0 ? '' : credential.slice(colon + 1);
    if (!name.startsWith(DEVELOPER_SID_PREFIX)) return this.appServer(name, secret, appId);

    const developer = await this.developer(name, secret);
    return appId === undefined ? developer : this.asAppServer(developer, appId);
  }

  private async appServer(appId: string, secret: string, headerAppId: string | undefined): Promise<AppCaller> {
    const app = await this.apps.find(appId);
    const proved = app ? this.apps.verifyAppSecret(app, secret) : this.vault.matches(secret, NOBODY);
    if (!app || !proved) throw new AppError('BAD_CREDENTIALS');
    // Its own id in the header says nothing new; another's must not be mistaken for it.
    if (headerAppId !== undefined && headerAppId !== app.appId) throw new AppError('APP_NOT_FOUND');
    return this.callerOf(app);
  }

  private async developer(accountSid: string, authToken: string): Promise<DeveloperCaller> {
    const developer = await this.developers.find(accountSid);
    const proved = this.vault.matches(authToken, developer?.authTokenHash ?? NOBODY);
    if (!developer || !proved) throw new AppError('BAD_CREDENTIALS');
    if (developer.status === 'suspended') throw new AppError('DEVELOPER_SUSPENDED');
    return { kind: 'developer', developerPk: developer.pk, accountSid: developer.accountSid };
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

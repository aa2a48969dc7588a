import { Injectable } from '@nestjs/common';
import type { AppCaller, DeveloperCaller, OperatorCaller } from '../../kernel/caller';
import type { AccountMode } from './app.entity';
import { Apps } from './apps';
import { AppsService } from './apps.service';
import { DevelopersService } from './developers.service';
import { KnownDevelopers } from './known-developers';
import { OperatorService } from './operator.service';

const OPERATOR: OperatorCaller = { kind: 'operator' };

/** Makes what a deployment begins with: the quickstart's developer and apps. Clear secrets come out once. */
@Injectable()
export class Provisioning {
  constructor(
    private readonly developers: DevelopersService,
    private readonly operator: OperatorService,
    private readonly known: KnownDevelopers,
    private readonly appsService: AppsService,
    private readonly apps: Apps,
  ) {}

  /** Throws ALREADY_EXISTS (field `email`). */
  async createVerifiedDeveloper(who: {
    email: string;
    password: string;
    name: string;
  }): Promise<{ caller: DeveloperCaller; accountSid: string; authToken: string }> {
    const { accountSid, authToken } = await this.developers.signUp(who);
    await this.operator.approve(OPERATOR, accountSid);
    const developer = await this.known.find(accountSid);
    if (!developer) throw new Error('the developer just made is gone');
    return { caller: { kind: 'developer', developerPk: developer.pk, accountSid }, accountSid, authToken };
  }

  /** `caller` acts as the app's server, to make its first users. */
  async createApp(
    developer: DeveloperCaller,
    { name, accountMode, online }: { name: string; accountMode: AccountMode; online: boolean },
  ): Promise<{ caller: AppCaller; appId: string; appToken: string; appSecret: string }> {
    const { appId, appToken, appSecret } = await this.appsService.create(developer, { name, accountMode });
    if (online) await this.appsService.goOnline(developer, appId);
    const app = await this.apps.find(appId);
    if (!app) throw new Error('the app just made is gone');
    return { caller: { kind: 'app', app }, appId, appToken, appSecret };
  }
}

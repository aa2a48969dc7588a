import { Injectable } from '@nestjs/common';
import type { Caller } from '../../kernel/caller';
import { Settings, type LimitSettings } from '../../platform/config/settings';
import { PAGE_DEFAULT, PAGE_MAX } from '../../platform/entry/page-query';
import { historyDaysOf, type AppSettings } from './app-settings';
import { Apps } from './apps';
import type { Quotas } from './plans';

/** Everything that is refused beyond a size or a rate. Bytes are of UTF-8, rates per second. */
export interface LimitsView extends LimitSettings {
  /** Items of a list when `limit` is absent, and at most. */
  pageDefault: number;
  pageMax: number;
  /** Within an app: what its plan limits; absent ones are not limited. */
  quotas?: Quotas;
  /** Within an app: days that messages are kept; absent: for ever. */
  historyDays?: number;
  tokenTtlSeconds?: number;
  devicePolicy?: AppSettings['devicePolicy'];
}

/** GET /v1/limits. */
@Injectable()
export class LimitsService {
  constructor(
    private readonly settings: Settings,
    private readonly apps: Apps,
  ) {}

  /** The deployment's limits; with a credential of an app, those that count within it. */
  async limits(caller: Caller | undefined): Promise<LimitsView> {
    const deployment = { ...this.settings.limits, pageDefault: PAGE_DEFAULT, pageMax: PAGE_MAX };
    const app = caller && 'app' in caller ? await this.apps.byPk(caller.app.pk) : undefined;
    if (!app) return deployment;
    const { textBytes = deployment.textBytes, tokenTtlSeconds, devicePolicy } = app.settings;
    const historyDays = historyDaysOf(app);
    return {
      ...deployment,
      textBytes: Math.min(textBytes, deployment.textBytes),
      quotas: app.quotas,
      ...(historyDays !== undefined && { historyDays }),
      tokenTtlSeconds,
      devicePolicy,
    };
  }
}

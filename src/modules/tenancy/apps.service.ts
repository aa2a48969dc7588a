import { Injectable } from '@nestjs/common';
import type { DeveloperCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { Settings } from '../../platform/config/settings';
import { DatabaseClock } from '../../platform/database/database-clock';
import { readCursor } from '../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../platform/entry/page-query';
import { Pages } from '../../platform/entry/pages';
import { Live } from '../../platform/realtime/live';
import { newSecret } from '../../platform/secrets/keys';
import { Vault } from '../../platform/secrets/vault';
import type { AppRow } from './app.entity';
import { changeAppSettings, noWebhooks } from './app-settings';
import { appView, type AppWithSecret, type AppWithToken, type RotatedSecret, type RotatedToken } from './app-view';
import { APP_ID_PREFIX } from './apps';
import { AppsRepository, type AppPatch, type NewSecret } from './apps.repository';
import { Audit } from './audit';
import type { DeveloperRow } from './developer.entity';
import type { ChangeAppDto, CreateAppDto, RotateSecretDto } from './dto/app.dto';
import { placeOf } from './sealed-places';

const OVERLAP_SECONDS = 86_400;

/** What developers do with their apps. Another developer's app is APP_NOT_FOUND, as an absent one. */
@Injectable()
export class AppsService {
  constructor(
    private readonly repository: AppsRepository,
    private readonly vault: Vault,
    private readonly settings: Settings,
    private readonly live: Live,
    private readonly audit: Audit,
    private readonly clock: DatabaseClock,
    private readonly pages: Pages,
  ) {}

  /** The secret is shown here and never again. Throws QUOTA_EXCEEDED (`apps`). */
  async create(caller: DeveloperCaller, wanted: CreateAppDto): Promise<AppWithSecret> {
    const { name, accountMode = 'arbitrary', callbackUrl, settings } = wanted;
    const appId = randomId(20, APP_ID_PREFIX);
    const appToken = newSecret();
    const appSecret = newSecret();
    if (callbackUrl !== undefined) throw noWebhooks('callbackUrl');
    const row = await this.repository.insert(
      {
        appId,
        developerPk: caller.developerPk,
        name,
        accountMode,
        status: 'offline',
        appTokenSealed: this.vault.seal(appToken, placeOf.appToken(appId)),
        appTokenHash: this.vault.keyedHash(appToken),
        settings: changeAppSettings('{}', settings ?? {}, this.settings.limits.textBytes),
        wentOnlineAt: null,
      },
      this.kept(appId, 1, appSecret),
    );
    this.audit.record(caller, 'app.created', { appId, accountMode });
    return { ...appView(row), appToken, appSecret };
  }

  /** Newest first. */
  async list(caller: DeveloperCaller, query: PageQuery): Promise<Page<AppWithToken>> {
    const limit = limitOf(query);
    const [before] = readCursor(query.cursor, 'number') ?? [];
    const { maxBytes } = this.pages;
    const { rows, cut } = await this.repository.page(caller.developerPk, before, { limit: limit + 1, maxBytes });
    return this.pages.of(
      rows,
      limit,
      ({ id }) => [id],
      (row) => this.withToken(row),
      cut,
    );
  }

  async get(caller: DeveloperCaller, appId: string): Promise<AppWithToken> {
    return this.withToken(await this.repository.own(caller.developerPk, appId));
  }

  async change(caller: DeveloperCaller, appId: string, { name, settings }: ChangeAppDto): Promise<AppWithToken> {
    const textBytesMax = this.settings.limits.textBytes;
    return this.decide(caller, appId, 'changed', (app) => ({
      name: name ?? app.name,
      settings: settings ? changeAppSettings(app.settings, settings, textBytesMax) : app.settings,
    }));
  }

  /** Its credentials are unknown from now on; the rows stay. */
  async remove(caller: DeveloperCaller, appId: string): Promise<void> {
    await this.decide(caller, appId, 'deleted', () => ({ status: 'offline', resumesTo: null, deletedAt: new Date() }));
  }

  /** Throws DEVELOPER_NOT_VERIFIED the first time, APP_SUSPENDED while the operator holds the app back. */
  goOnline(caller: DeveloperCaller, appId: string): Promise<AppWithToken> {
    return this.decide(caller, appId, 'online', (app, developer) => {
      if (app.status === 'suspended') throw new AppError('APP_SUSPENDED');
      if (app.status === 'online') return undefined;
      if (!app.wentOnlineAt && developer.status !== 'verified') throw new AppError('DEVELOPER_NOT_VERIFIED');
      return { status: 'online', wentOnlineAt: app.wentOnlineAt ?? new Date() };
    });
  }

  /** A suspended app stays suspended, and offline once it is resumed. */
  goOffline(caller: DeveloperCaller, appId: string): Promise<AppWithToken> {
    return this.decide(caller, appId, 'offline', ({ status }) => {
      if (status === 'offline') return undefined;
      return status === 'suspended' ? { resumesTo: 'offline' } : { status: 'offline' };
    });
  }

  /** Logs every user of the app out, everywhere: tokens issued so far are refused, their sockets told and closed. */
  async endSessions(caller: DeveloperCaller, appId: string): Promise<void> {
    // Two seconds on, so that no token outlives the call whose node's clock is a little ahead; those issued from now on
    // are dated then (user-tokens).
    const tokensValidFrom = Math.floor(this.clock.now() / 1000) + 2;
    await this.decide(caller, appId, 'sessions-ended', () => ({ tokensValidFrom }));
  }

  async rotateSecret(
    caller: DeveloperCaller,
    appId: string,
    { overlapSeconds }: RotateSecretDto,
  ): Promise<RotatedSecret> {
    const appSecret = newSecret();
    const overlap = overlapSeconds ?? OVERLAP_SECONDS;
    const { app, secret, previous } = await this.repository.rotate(caller.developerPk, appId, overlap, (kid) =>
      this.kept(appId, kid, appSecret),
    );
    await this.live.forgetEverywhere({ cache: 'app', appPk: app.id, pk: app.id });
    this.audit.record(caller, 'app.secret-rotated', { appId, kid: secret.kid, overlapSeconds: overlap });
    return {
      appId,
      appSecret,
      kid: secret.kid,
      ...(previous?.expiresAt && { previous: { kid: previous.kid, expiresAt: previous.expiresAt.toISOString() } }),
    };
  }

  /** A new login key; clients that embed the one before log in with it until the overlap is over. */
  async rotateToken(
    caller: DeveloperCaller,
    appId: string,
    { overlapSeconds = OVERLAP_SECONDS }: RotateSecretDto,
  ): Promise<RotatedToken> {
    const appToken = newSecret();
    const until = overlapSeconds > 0 ? new Date(Date.now() + overlapSeconds * 1000) : null;
    await this.decide(caller, appId, 'token-rotated', ({ appTokenHash }) => ({
      appTokenSealed: this.vault.seal(appToken, placeOf.appToken(appId)),
      appTokenHash: this.vault.keyedHash(appToken),
      previousTokenHash: until && appTokenHash,
      previousTokenUntil: until,
    }));
    return { appId, appToken, ...(until && { previous: { expiresAt: until.toISOString() } }) };
  }

  private async decide(
    caller: DeveloperCaller,
    appId: string,
    action: string,
    decide: (app: AppRow, developer: DeveloperRow) => AppPatch | undefined,
  ): Promise<AppWithToken> {
    const row = await this.repository.change(caller.developerPk, appId, decide);
    await this.live.forgetEverywhere({ cache: 'app', appPk: row.id, pk: row.id });
    this.audit.record(caller, `app.${action}`, { appId, status: row.status });
    return this.withToken(row);
  }

  private withToken(row: AppRow): AppWithToken {
    return { ...appView(row), appToken: this.vault.open(row.appTokenSealed, placeOf.appToken(row.appId)) };
  }

  private kept(appId: string, kid: number, secret: string): NewSecret {
    return { kid, sealed: this.vault.seal(secret, placeOf.appSecret(appId, kid)), hash: this.vault.keyedHash(secret) };
  }
}

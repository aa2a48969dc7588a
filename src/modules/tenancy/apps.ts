import { timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { AppRef } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { DatabaseClock } from '../../platform/database/database-clock';
import { RowCache } from '../../platform/database/row-cache';
import { ProofLease } from '../../platform/realtime/proof-lease';
import { Live } from '../../platform/realtime/live';
import { deriveKey } from '../../platform/secrets/keys';
import { Vault } from '../../platform/secrets/vault';
import type { AccountMode, AppStatus } from './app.entity';
import { historyDaysOf, readAppSettings, roomHistoryDaysOf, type AppSettings } from './app-settings';
import { AppsRepository, type KnownApp } from './apps.repository';
import { quotasOf, type Quotas } from './plans';
import { placeOf } from './sealed-places';

/** An app as the whole server knows it; a snapshot, so ask again rather than keep it. */
export interface App extends AppRef {
  readonly developerPk: number;
  readonly accountMode: AccountMode;
  /** As it counts: `suspended` also while its developer is. */
  readonly status: AppStatus;
  readonly settings: AppSettings;
  readonly quotas: Quotas;
  /** User tokens issued earlier are refused. Unix seconds. */
  readonly tokensValidFrom: number;
}

/** What callers carry of an app. */
export const appRefOf = ({ pk, appId, version, textBytes }: App): AppRef => ({ pk, appId, version, textBytes });

/** Signs the user tokens of an app; tokens name it by `kid`. */
export interface SigningKey {
  kid: number;
  key: Buffer;
}

interface AppSecret extends SigningKey {
  hash: Buffer;
  /** Milliseconds since the epoch; undefined for the current one. */
  expiresAt?: number;
  /** The secret itself once somebody proved it, so that an app server's next call is not hashed again. */
  proven?: Buffer;
}

/** What proves that somebody speaks for an app; kept apart from App, so that it cannot be logged or sent by accident. */
interface AppProofs {
  tokenHash: Buffer;
  /** The login key before, while it opens as well. Milliseconds since the epoch. */
  previousToken?: { hash: Buffer; until: number };
  secrets: AppSecret[];
  /** Everything read, to tell whether anything changed. */
  stamp: string;
}

/** What every app's id begins with. */
export const APP_ID_PREFIX = 'app_';

const APPS_KEPT = 20_000;

/** Every app of the deployment, by its public id or its key; answers from memory while nothing changes. */
@Injectable()
export class Apps {
  private readonly pks = new LRUCache<string, number>({ max: APPS_KEPT });
  private readonly proofs = new WeakMap<App, AppProofs>();
  private readonly rows = new RowCache<App>({
    load: (pk) => this.load(pk),
    max: APPS_KEPT,
    counts: (readAt) => this.lease.counts(readAt),
    same: (before, now) => this.proofsOf(before).stamp === this.proofsOf(now).stamp,
  });

  constructor(
    private readonly repository: AppsRepository,
    private readonly vault: Vault,
    private readonly clock: DatabaseClock,
    private readonly lease: ProofLease,
    live: Live,
  ) {
    live.onForget('app', (_, pk) => this.rows.drop(pk));
  }

  /** By its public id. Undefined when there is none, or when it was deleted. */
  async find(appId: string): Promise<App | undefined> {
    const pk = this.pks.get(appId) ?? (await this.repository.pkOf(appId));
    if (pk === undefined) return undefined;
    this.pks.set(appId, pk);
    return this.rows.get(pk);
  }

  byPk(pk: number): Promise<App | undefined> {
    return this.rows.get(pk);
  }

  /** Days that messages are kept, and those of rooms, for every app that limits them or whose plan does. */
  async historyDays(): Promise<{ messages: Map<number, number>; rooms: Map<number, number> }> {
    const messages = new Map<number, number>();
    const rooms = new Map<number, number>();
    for (const pk of await this.repository.perhapsLimited()) {
      const app = await this.rows.get(pk);
      const days = app && historyDaysOf(app);
      const roomDays = app && roomHistoryDaysOf(app);
      if (days !== undefined) messages.set(pk, days);
      if (roomDays !== undefined) rooms.set(pk, roomDays);
    }
    return { messages, rooms };
  }

  /** Minutes after which idle rooms are closed, for every app that wants that. */
  async idleChatroomMinutes(): Promise<Map<number, number>> {
    const minutes = new Map<number, number>();
    for (const pk of await this.repository.thatSet('chatroomIdleMinutes')) {
      const idle = (await this.rows.get(pk))?.settings.chatroomIdleMinutes;
      if (idle !== undefined) minutes.set(pk, idle);
    }
    return minutes;
  }

  /** Refuses every instant-messaging call of an app that does not run: APP_NOT_ONLINE or APP_SUSPENDED. */
  assertOnline(app: Pick<App, 'status'>): void {
    if (app.status === 'suspended') throw new AppError('APP_SUSPENDED');
    if (app.status !== 'online') throw new AppError('APP_NOT_ONLINE');
  }

  /** The limit that the plan sets, or undefined. Passing it is `quotaExceeded(name, limit)`. */
  quota(app: Pick<App, 'quotas'>, name: keyof Quotas): number | undefined {
    return app.quotas[name];
  }

  /** The keys of the live secrets, the newest first: sign with the first, accept all. */
  signingKeys(app: App): SigningKey[] {
    return this.liveSecrets(app).map(({ kid, key }) => ({ kid, key }));
  }

  /** Whether tokens of this secret are still accepted. */
  signsWith(app: App, kid: number): boolean {
    return this.liveSecrets(app).some((secret) => secret.kid === kid);
  }

  /** Whether this is the app's login key, or the one before while that still opens. */
  verifyAppToken(app: App, token: string): boolean {
    const { tokenHash, previousToken } = this.proofsOf(app);
    const present = this.vault.matches(token, tokenHash);
    if (!previousToken || previousToken.until <= this.clock.now()) return present;
    return this.vault.matches(token, previousToken.hash) || present;
  }

  /** Whether this is one of the app's live secrets. */
  verifyAppSecret(app: App, secret: string): boolean {
    return this.liveSecrets(app).filter((known) => this.proves(secret, known)).length > 0;
  }

  /** Takes the same time however close a wrong secret is. */
  private proves(secret: string, known: AppSecret): boolean {
    const given = Buffer.from(secret);
    if (known.proven?.length === given.length && timingSafeEqual(known.proven, given)) return true;
    if (!this.vault.matches(secret, known.hash)) return false;
    known.proven = given;
    return true;
  }

  private liveSecrets(app: App): AppSecret[] {
    const now = this.clock.now();
    return this.proofsOf(app).secrets.filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now);
  }

  private proofsOf(app: App): AppProofs {
    const proofs = this.proofs.get(app);
    if (!proofs) throw new Error('not an app as Apps gave it: a copy proves nothing');
    return proofs;
  }

  private async load(pk: number): Promise<App | undefined> {
    const known = await this.repository.known(pk);
    if (!known) return undefined;
    const settings = readAppSettings(known.settings);
    const app: App = {
      pk,
      appId: known.appId,
      version: known.version,
      developerPk: known.developerPk,
      accountMode: known.accountMode,
      status: known.developerStatus === 'suspended' ? 'suspended' : known.status,
      settings,
      textBytes: settings.textBytes,
      quotas: quotasOf(known.plan, known.quotas),
      tokensValidFrom: known.tokensValidFrom,
    };
    this.proofs.set(app, {
      tokenHash: known.appTokenHash,
      ...(known.previousTokenHash &&
        known.previousTokenUntil && {
          previousToken: { hash: known.previousTokenHash, until: known.previousTokenUntil.getTime() },
        }),
      secrets: this.secretsOf(known),
      stamp: JSON.stringify(known),
    });
    return app;
  }

  private secretsOf({ appId, secrets }: KnownApp): AppSecret[] {
    return secrets.map(({ kid, sealed, hash, expiresAt }) => ({
      kid,
      key: deriveKey(this.vault.open(sealed, placeOf.appSecret(appId, kid)), 'im-user-token'),
      hash,
      ...(expiresAt && { expiresAt: expiresAt.getTime() }),
    }));
  }
}

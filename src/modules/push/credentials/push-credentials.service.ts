import { Injectable, Logger } from '@nestjs/common';
import type { AppCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { Live } from '../../../platform/realtime/live';
import { Vault } from '../../../platform/secrets/vault';
import { Audit } from '../../tenancy';
import { PROVIDER_NAMES, type ProviderName } from '../provider';
import { PushVendors } from '../providers/push-vendors';
import { PushTasks } from '../tasks/push-tasks';
import { credentialPlace } from './credential-place';
import { FRESH_MS } from './known-credentials';
import { credentialView, type PushCredentialView } from './push-credential-view';
import { type KnownCredential, PushCredentialsRepository } from './push-credentials.repository';

/** What an app server does with its vendors' credentials. */
@Injectable()
export class PushCredentials {
  private readonly logger = new Logger('push');

  constructor(
    private readonly repository: PushCredentialsRepository,
    private readonly vendors: PushVendors,
    private readonly vault: Vault,
    private readonly live: Live,
    private readonly audit: Audit,
    private readonly tasks: PushTasks,
  ) {}

  /**
   * Checks it, seals it and puts it in the place of the one before; what was paused goes on.
   *
   * @throws AppError INVALID_REQUEST naming the field that is wrong, and why; then the one before stays. BUSY
   */
  async upload(caller: AppCaller, provider: ProviderName, upload: object): Promise<PushCredentialView> {
    const { app } = caller;
    const { content, found, expiresAt } = await this.vendors.get(provider).inspect(upload, app.pk);
    const row = await this.repository.replace(app.pk, provider, {
      sealed: this.vault.seal(JSON.stringify(content), credentialPlace(app.appId, provider)),
      found: JSON.stringify(found),
      expiresAt: expiresAt ?? null,
    });
    await this.changed(caller, provider, 'uploaded', { version: row.id });
    return credentialView(row);
  }

  async list({ app }: AppCaller): Promise<{ items: PushCredentialView[] }> {
    const rows = await this.repository.ofApp(app.pk);
    const held = await this.held(app.pk, rows);
    return { items: rows.map((row) => credentialView(row, held.get(row.provider))) };
  }

  /** @throws AppError PUSH_CREDENTIAL_NOT_FOUND, also for a vendor that nobody knows */
  async get({ app }: AppCaller, provider: string): Promise<PushCredentialView> {
    const row = isProvider(provider) ? await this.repository.one(app.pk, provider) : undefined;
    if (!row) throw new AppError('PUSH_CREDENTIAL_NOT_FOUND');
    return credentialView(row, (await this.held(app.pk, [row])).get(row.provider));
  }

  /** Nothing is pushed through this vendor any more. @throws AppError PUSH_CREDENTIAL_NOT_FOUND */
  async remove(caller: AppCaller, provider: string): Promise<void> {
    const removed = isProvider(provider) && (await this.repository.remove(caller.app.pk, provider));
    if (!removed) throw new AppError('PUSH_CREDENTIAL_NOT_FOUND');
    await this.changed(caller, provider, 'removed', {});
  }

  /** What waits, by vendor; nothing does where no credential is paused. */
  private async held(appPk: number, rows: readonly KnownCredential[]): Promise<ReadonlyMap<ProviderName, number>> {
    return rows.some(({ pausedAt }) => pausedAt) ? this.tasks.held(appPk) : new Map();
  }

  private async changed(caller: AppCaller, provider: ProviderName, what: string, about: Record<string, number>) {
    const { pk, appId } = caller.app;
    this.live.forget({ cache: 'push-credentials', appPk: pk, pk });
    // The change stands. What is not woken is looked at again within minutes.
    await this.tasks
      .resume(pk, FRESH_MS)
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, 'waking held pushes failed; they are looked at again within minutes'),
      );
    this.audit.record(caller, `push-credential.${what}`, { appId, provider, ...about });
  }
}

const isProvider = (name: string): name is ProviderName => (PROVIDER_NAMES as readonly string[]).includes(name);

import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Live } from '../../../platform/realtime/live';
import { Vault } from '../../../platform/secrets/vault';
import { Apps } from '../../tenancy';
import { type CredentialState, PushChannels } from '../channels';
import type { ProviderAnswer, ProviderName, PushChannel, PushNote, PushTarget } from '../provider';
import { PushVendors } from '../providers/push-vendors';
import { told } from '../providers/told';
import { credentialPlace } from './credential-place';
import { KnownCredentials } from './known-credentials';
import { type CredentialStanding, PushCredentialsRepository } from './push-credentials.repository';

/** Open ways to vendors at once; beyond this the longest unused is closed. */
const CHANNELS_MAX = 500;
const IDLE_MS = 30 * 60_000;

interface Open {
  readonly version: number;
  readonly channel: PushChannel;
}

const keyOf = (appPk: number, provider: ProviderName): string => `${appPk}:${provider}`;

/** The channels of this process, opened when they are first needed and closed when their credential is no longer the one. */
@Injectable()
export class CachedPushChannels extends PushChannels implements OnApplicationShutdown {
  private readonly logger = new Logger('push');
  private readonly opened = new LRUCache<string, Open>({
    max: CHANNELS_MAX,
    ttl: IDLE_MS,
    updateAgeOnGet: true,
    dispose: ({ channel }) => this.close(channel),
  });
  private readonly opening = new Map<string, Promise<Open | undefined>>();
  /** The version that a vendor refused last: it, and no later one, is what `pause` is about. */
  private readonly refused = new LRUCache<string, number>({ max: CHANNELS_MAX });

  constructor(
    private readonly known: KnownCredentials,
    private readonly repository: PushCredentialsRepository,
    private readonly vendors: PushVendors,
    private readonly apps: Apps,
    private readonly vault: Vault,
    private readonly live: Live,
  ) {
    super();
  }

  async of(appPk: number, provider: ProviderName): Promise<PushChannel | undefined> {
    const standing = (await this.known.of([appPk])).get(appPk)?.get(provider);
    if (!standing || standing.pausedAt) return undefined;
    const key = keyOf(appPk, provider);
    if (standing.expiresAt && standing.expiresAt.getTime() <= Date.now()) {
      this.refused.set(key, standing.id);
      await this.pause(appPk, provider, `the certificate expired at ${standing.expiresAt.toISOString()}`);
      return undefined;
    }
    const open = this.opened.get(key);
    if (open && open.version >= standing.id) return open.channel;
    return (await this.openOnce(key, standing))?.channel;
  }

  async states(appPks: readonly number[]): Promise<ReadonlyMap<number, ReadonlyMap<ProviderName, CredentialState>>> {
    const states = new Map<number, ReadonlyMap<ProviderName, CredentialState>>();
    for (const [appPk, standings] of await this.known.of(appPks)) {
      if (standings.size === 0) continue;
      states.set(
        appPk,
        new Map([...standings].map(([provider, { pausedAt }]) => [provider, pausedAt ? 'paused' : 'ready'])),
      );
    }
    return states;
  }

  /** Does nothing when another credential was uploaded since the vendor refused. */
  async pause(appPk: number, provider: ProviderName, reason: string): Promise<void> {
    const key = keyOf(appPk, provider);
    const version = this.refused.get(key) ?? this.opened.peek(key)?.version;
    if (version === undefined) return;
    if (await this.repository.pause(version, told(reason))) {
      this.logger.warn(
        { appPk, provider, version, reason: told(reason) },
        'the provider refuses an app’s credential: its pushes are held until it uploads another',
      );
    }
    this.live.forget({ cache: 'push-credentials', appPk, pk: appPk });
    if (this.opened.peek(key)?.version === version) this.opened.delete(key);
  }

  forget(appPk: number, provider: ProviderName): void {
    this.known.forget(appPk);
    this.opened.delete(keyOf(appPk, provider));
  }

  async onApplicationShutdown(): Promise<void> {
    const open = [...this.opened.values()];
    this.opened.clear();
    await Promise.allSettled(open.map(({ channel }) => channel.close()));
  }

  private openOnce(key: string, standing: CredentialStanding): Promise<Open | undefined> {
    const wanted = `${key}:${standing.id}`;
    let opening = this.opening.get(wanted);
    if (!opening) {
      opening = this.openChannel(key, standing).finally(() => this.opening.delete(wanted));
      this.opening.set(wanted, opening);
    }
    return opening;
  }

  private async openChannel(key: string, { id, appPk, provider }: CredentialStanding): Promise<Open | undefined> {
    const [app, sealed] = await Promise.all([this.apps.byPk(appPk), this.repository.sealed(id)]);
    if (!app || !sealed) {
      this.known.forget(appPk);
      return undefined;
    }
    // A value that does not open is this deployment's fault (ENCRYPTION_KEY), not the app's: it is thrown.
    const text = this.vault.open(sealed, credentialPlace(app.appId, provider));
    const content = JSON.parse(text) as Record<string, unknown>;
    let channel: PushChannel;
    try {
      channel = this.vendors.get(provider).open({ appPk, provider, version: id, content });
    } catch (error) {
      this.refused.set(key, id);
      await this.pause(appPk, provider, `the credential cannot be used: ${(error as Error).message}`);
      return undefined;
    }
    this.opened.purgeStale();
    const newer = this.opened.peek(key);
    if (newer && newer.version > id) {
      this.close(channel);
      return newer;
    }
    const open: Open = { version: id, channel: new ToldChannel(channel, () => this.refused.set(key, id)) };
    this.opened.set(key, open);
    return open;
  }

  private close(channel: PushChannel): void {
    channel
      .close()
      .catch((error: unknown) => this.logger.warn({ err: error }, 'closing a connection to a push provider failed'));
  }
}

/** A channel that tells when its credential was refused, and turns what no vendor said into an answer. */
class ToldChannel implements PushChannel {
  constructor(
    private readonly channel: PushChannel,
    private readonly refused: () => void,
  ) {}

  async send(target: PushTarget, note: PushNote): Promise<ProviderAnswer> {
    try {
      const answer = await this.channel.send(target, note);
      if (answer.outcome === 'credential-bad') this.refused();
      return answer;
    } catch (error) {
      return { outcome: 'retry', reason: told((error as Error).message) };
    }
  }

  close(): Promise<void> {
    return this.channel.close();
  }
}

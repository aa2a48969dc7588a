import { Injectable, Logger } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { Jobs } from '../../kernel/contracts/jobs';
import { Settings } from '../../platform/config/settings';
import { type JobHandler, JobQueue } from '../../platform/queues/job-queue';
import { QueueRedis } from '../../platform/queues/queue-redis';
import { SharedRates } from '../../platform/queues/shared-rates';
import { WorkerHost } from '../../platform/queues/worker-host';
import { type ReadListener, ReadListeners, UnreadTotals } from '../conversations';
import { Apps } from '../tenancy';
import { PushChannels } from './channels';
import { PushDevices } from './devices/push-devices';
import type { PushNote } from './provider';
import { pushMetrics } from './tasks/push-metrics';

/** Reads of one user in this time are one new badge. */
const COLLECT_MS = 3000;
/** A badge that did not arrive by then is of no use: the next push brings the true one. */
const EXPIRY_MS = 3600_000;
/** The share of an app's rate of pushes that new badges may take. */
const SHARE = 1 / 4;
const APPS_LIMITED = 10_000;

/**
 * The badge of a phone after its user read elsewhere: where the app asks for it (`settings.push.badgeOnRead`), a push that
 * shows nothing brings the new one. A courtesy: tried once, not recorded, and left out while Redis is away; the next
 * notification shows the true sum anyway.
 */
@Injectable()
export class BadgeUpdates implements ReadListener, JobHandler<'push-badge'> {
  readonly job = 'push-badge';
  readonly concurrency = 8;
  private readonly logger = new Logger('push');
  private readonly rates: SharedRates;

  constructor(
    private readonly jobs: JobQueue,
    private readonly apps: Apps,
    private readonly devices: PushDevices,
    private readonly channels: PushChannels,
    private readonly unread: UnreadTotals,
    redis: QueueRedis,
    host: WorkerHost,
    reads: ReadListeners,
    { limits }: Settings,
  ) {
    const perSecond = Math.max(1, Math.floor(limits.pushesPerSecond * SHARE));
    this.rates = new SharedRates(redis, { name: 'push-badge', perSecond, burst: perSecond, max: APPS_LIMITED });
    reads.register(this);
    host.register(this);
  }

  unreadFell(appPk: number, userPk: number): void {
    void this.collect(appPk, userPk, COLLECT_MS).catch((error: unknown) =>
      this.logger.debug(
        `scheduling the badge of user ${userPk} failed; their phones keep the old one: ${String(error)}`,
      ),
    );
  }

  async handle({ appPk, userPk }: Jobs['push-badge']): Promise<void> {
    if (!(await this.isWanted(appPk))) return;
    // Whoever looks at a device sees its app count by itself.
    const facts = (await this.devices.of(appPk, [userPk])).get(userPk) ?? [];
    const away = facts.flatMap(({ pk, state }) => (pk === undefined || state === 'foreground' ? [] : [pk]));
    if (away.length === 0) return;
    const waitMs = await this.rates.take(appPk, away.length);
    if (waitMs > 0) return this.collect(appPk, userPk, waitMs);
    const [devices, totals] = await Promise.all([this.devices.byPks(away), this.unread.of([userPk])]);
    const badge = totals.get(userPk) ?? 0;
    await Promise.all(
      [...devices.values()].map(async (device) => {
        const channel = await this.channels.of(appPk, device.provider);
        if (!channel) return;
        const started = performance.now();
        const since = new Date();
        const answer = await channel.send({ token: device.token, platform: device.platform }, silent(badge));
        pushMetrics.answered(device.provider, answer.outcome, (performance.now() - started) / 1000);
        if (answer.outcome === 'token-dead') await this.devices.forget(device, answer.since ?? since);
      }),
    );
  }

  private async collect(appPk: number, userPk: number, delayMs: number): Promise<void> {
    if (!(await this.isWanted(appPk))) return;
    await this.jobs.add('push-badge', { appPk, userPk }, { once: `badge-${userPk}`, delayMs });
  }

  private async isWanted(appPk: number): Promise<boolean> {
    const app = await this.apps.byPk(appPk);
    return app?.status === 'online' && app.settings.push.enabled && app.settings.push.badgeOnRead;
  }
}

const silent = (badge: number): PushNote => ({
  id: randomUUID(),
  collapseId: 'badge',
  silent: true,
  body: '',
  badge,
  expiresAt: new Date(Date.now() + EXPIRY_MS),
  data: { kind: 'badge', badge: String(badge) },
});

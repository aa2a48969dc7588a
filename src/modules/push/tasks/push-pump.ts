import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Settings } from '../../../platform/config/settings';
import { Drainables } from '../../../platform/lifecycle/drainables';
import { JobQueue } from '../../../platform/queues/job-queue';
import { WorkerHost } from '../../../platform/queues/worker-host';
import { PushBatches } from './push-batches';
import { PushFanouts } from './push-fanouts';
import { COLLECT_MS } from './push-tasks';

export type PushJob = 'push-decide' | 'push-send';

const EVERY_MS = 1000;
const INLINE_AT_ONCE = 4;

/**
 * Sees that what is due is worked on. A job names an app and nothing more, and at most one of a kind waits for each app:
 * so the queue is a round in which every app has its turn, however much one of them has to do. Jobs are hints: whatever
 * Redis loses is found in the tables within a second, and while Redis is away it is worked on here.
 */
@Injectable()
export class PushPump implements OnApplicationBootstrap {
  private readonly logger = new Logger('push');
  private timer?: NodeJS.Timeout;
  private looking: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly jobs: JobQueue,
    private readonly host: WorkerHost,
    private readonly fanouts: PushFanouts,
    private readonly batches: PushBatches,
    private readonly settings: Settings,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => this.stop());
  }

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    this.timer = setInterval(() => this.look(), EVERY_MS).unref();
  }

  /** There is work for this app now. Never awaited: the next look finds it as well. */
  nudge(job: PushJob, appPk: number): void {
    void this.add(job, appPk, 0);
  }

  /** Pushes were opened: due when what belongs together had time to come together. */
  collect(appPk: number): void {
    void this.add('push-send', appPk, COLLECT_MS);
  }

  /** One look into the tables; answers when what could not be queued is done. */
  async pass(): Promise<void> {
    const [decide, send] = await Promise.all([this.fanouts.dueApps(), this.batches.dueApps()]);
    const due: [PushJob, number][] = [
      ...decide.map((appPk): [PushJob, number] => ['push-decide', appPk]),
      ...send.map((appPk): [PushJob, number] => ['push-send', appPk]),
    ];
    const queued = await Promise.all(due.map(([job, appPk]) => this.add(job, appPk, 0)));
    await this.inline(due.filter((_, index) => !queued[index]));
  }

  private look(): void {
    if (this.stopped || this.looking) return;
    this.looking = this.pass()
      .catch((error: unknown) => this.logger.debug(`looking for due pushes failed, will retry: ${String(error)}`))
      .finally(() => (this.looking = undefined));
  }

  /** False when Redis does not take it. */
  private async add(job: PushJob, appPk: number, delayMs: number): Promise<boolean> {
    try {
      await this.jobs.add(job, { appPk }, delayMs > 0 ? { once: `${appPk}-soon`, delayMs } : { once: `${appPk}` });
      return true;
    } catch (error) {
      this.logger.debug(`queueing the pushes of app ${appPk} failed, will retry: ${String(error)}`);
      return false;
    }
  }

  private async inline(due: [PushJob, number][]): Promise<void> {
    const next = due.values();
    const work = async (): Promise<void> => {
      for (const [job, appPk] of next) {
        await this.host.run(job, { appPk }).catch((error: unknown) => {
          this.logger.warn(`${job} of app ${appPk} failed and will be tried again: ${String(error)}`);
        });
      }
    };
    await Promise.all(Array.from({ length: INLINE_AT_ONCE }, work));
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.looking;
  }
}

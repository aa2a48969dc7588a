import { Injectable, Logger } from '@nestjs/common';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Jobs } from '../../../kernel/contracts/jobs';
import { Settings } from '../../../platform/config/settings';
import type { JobHandler } from '../../../platform/queues/job-queue';
import { QueueRedis } from '../../../platform/queues/queue-redis';
import { SharedRates } from '../../../platform/queues/shared-rates';
import { WorkerHost } from '../../../platform/queues/worker-host';
import { PushChannels } from '../channels';
import { PushDevices, type PushDevice } from '../devices/push-devices';
import type { ProviderAnswer, PushChannel, PushNote } from '../provider';
import { Breaker } from './breaker';
import { BATCH_MAX, PushBatches } from './push-batches';
import { type Prepared, PreparedPushes } from './prepared-pushes';
import { ExpiredPushes } from './expired-pushes';
import { PushLedger, type TaskEnd } from './push-ledger';
import { pushMetrics } from './push-metrics';
import { PushPump } from './push-pump';
import { type ClaimedTask, HELD, PushTasks } from './push-tasks';

/** Pushes of one slice: what they need is read once for all, a reader's badge once however many of them are its. */
const SLICE_MAX = 1000;
/** Requests begun in one turn of the event loop: a few milliseconds. */
const STRETCH = 100;
/** Jobs of one app at once in this process: the others are for other apps. */
const OF_ONE_APP = 4;
/** A channel that has not answered in this share of a lease is given up: the rest is for writing that down. */
const ANSWER_SHARE = 2 / 3;
const BACKOFF_BASE_MS = 2000;
const BACKOFF_MAX_MS = 10 * 60_000;
const RETRY_AFTER_MAX_MS = 3600_000;
/** How often a token is tried that was bound again after its vendor saw it die. */
const REBOUND_ATTEMPTS = 3;
const APPS_LIMITED = 10_000;
const HOLD_STEP_MS = 5000;
const HOLD_MAX_MS = 5 * 60_000;

/**
 * Sends what is due, a slice of one app at a time. Every answer ends in the ledger; a worker that dies before leaves the
 * task under its lease, and the next one sends the same id again.
 */
@Injectable()
export class PushSender implements JobHandler<'push-send'> {
  readonly job = 'push-send';
  readonly concurrency = 32;
  private readonly logger = new Logger('push');
  private readonly running = new Map<number, number>();
  private readonly pausing = new Set<string>();
  private readonly rates: SharedRates;
  private readonly sliceMax: number;
  private readonly answerMs: number;
  private readonly breaker = new Breaker({ failures: 20, baseMs: 1000, maxMs: 60_000, probes: 3 });

  constructor(
    private readonly tasks: PushTasks,
    private readonly batches: PushBatches,
    private readonly prepared: PreparedPushes,
    private readonly expired: ExpiredPushes,
    private readonly channels: PushChannels,
    private readonly devices: PushDevices,
    private readonly ledger: PushLedger,
    private readonly pump: PushPump,
    redis: QueueRedis,
    host: WorkerHost,
    { limits: { pushesPerSecond }, work }: Settings,
  ) {
    this.answerMs = work.leaseMs * ANSWER_SHARE;
    const burst = Math.max(pushesPerSecond, BATCH_MAX);
    this.sliceMax = Math.min(burst, SLICE_MAX);
    this.rates = new SharedRates(redis, {
      name: 'push',
      perSecond: pushesPerSecond,
      burst,
      max: APPS_LIMITED,
    });
    host.register(this);
  }

  async handle({ appPk }: Jobs['push-send']): Promise<void> {
    const running = this.running.get(appPk) ?? 0;
    // Those that run go on with whatever is due when they end.
    if (running >= OF_ONE_APP) return;
    this.running.set(appPk, running + 1);
    try {
      if (await this.slice(appPk)) this.pump.nudge('push-send', appPk);
    } finally {
      const left = (this.running.get(appPk) ?? 1) - 1;
      if (left > 0) this.running.set(appPk, left);
      else this.running.delete(appPk);
    }
  }

  /** True when there may be more to do at once. */
  private async slice(appPk: number): Promise<boolean> {
    const { tasks, batches, more } = await this.tasks.claim(appPk, this.sliceMax);
    if (batches.length === 0) return false;
    const waitMs = await this.rates.take(appPk, tasks.length);
    if (waitMs > 0) {
      await this.batches.release(batches, waitMs);
      return false;
    }
    // Others may begin while this one waits for answers.
    if (more) this.pump.nudge('push-send', appPk);
    const live = await this.expired.sift(tasks);
    const prepared = await this.prepared.of(live);
    const failure = await this.sendAll(prepared);
    // Their leases end; the database was away, most likely.
    if (failure)
      this.logger.warn(
        `recording pushes of app ${appPk} failed; they are sent again after their lease: ${String(failure.error)}`,
      );
    else await this.batches.done(batches);
    return more;
  }

  /** All at once, in stretches, so that a node that works and serves hears its sockets in between. Why one has no end, if any. */
  private async sendAll(pushes: readonly Prepared[]): Promise<{ error: unknown } | undefined> {
    let failure: { error: unknown } | undefined;
    const sends: Promise<void>[] = [];
    for (const push of pushes) {
      if (sends.length % STRETCH === STRETCH - 1) await nextTurn();
      sends.push(this.send(push).catch((error: unknown) => void (failure ??= { error })));
    }
    await Promise.all(sends);
    return failure;
  }

  private async send(push: Prepared): Promise<void> {
    const { task } = push;
    if ('reason' in push)
      return this.ledger.settle({ task, device: push.device, status: 'suppressed', reason: push.reason });
    const { device, note } = push;
    const channel = await this.channels.of(task.appPk, device.provider);
    if (!channel) return this.ledger.settle(await this.unreachable(task, device));
    const key = `${task.appPk}:${device.provider}`;
    const waitMs = this.breaker.admit(key);
    if (waitMs > 0) {
      const later = {
        status: 'later',
        afterMs: spread(waitMs),
        reason: 'provider unavailable',
        untried: true,
      } as const;
      return this.ledger.settle({ task, device, ...later });
    }
    const since = new Date();
    const answer = await this.ask(channel, device, note);
    await this.ledger.settle(await this.endOf({ task, device, answer, key, since }));
  }

  private async ask(channel: PushChannel, device: PushDevice, note: PushNote): Promise<ProviderAnswer> {
    const started = performance.now();
    const asked = channel.send({ token: device.token, platform: device.platform }, note);
    const answer = await within(this.answerMs, asked);
    pushMetrics.answered(device.provider, answer.outcome, (performance.now() - started) / 1000);
    return answer;
  }

  private async endOf(sent: Sent): Promise<TaskEnd> {
    const { task, device, answer, key, since } = sent;
    const end = { task, device };
    if (answer.outcome !== 'retry') this.breaker.succeeded(key);
    switch (answer.outcome) {
      case 'sent':
        return { task, device, status: 'sent', providerId: answer.providerId };
      case 'token-dead':
        if (await this.devices.forget(device, answer.since ?? since))
          return { ...end, status: 'failed', reason: `token-dead: ${answer.reason}` };
        // Bound again since: the new token may be good, and if not, the vendor will say so once more.
        return task.attempts < REBOUND_ATTEMPTS
          ? { ...end, status: 'later', afterMs: backoffMs(task), reason: `bound again: ${answer.reason}` }
          : { ...end, status: 'failed', reason: `token-dead: ${answer.reason}` };
      case 'credential-bad':
        await this.pause(task.appPk, device, answer.reason);
        return { ...end, status: 'later', afterMs: paddingMs(task), reason: `${HELD}: ${answer.reason}` };
      case 'refused':
        return { ...end, status: 'failed', reason: `refused: ${answer.reason}` };
      case 'retry':
        this.breaker.failed(key, Math.min(answer.afterMs ?? 0, RETRY_AFTER_MAX_MS));
        return { ...end, status: 'later', afterMs: backoffMs(task, answer.afterMs), reason: answer.reason };
    }
  }

  /** Once, however many pushes find it out together. */
  private async pause(appPk: number, { provider }: PushDevice, reason: string): Promise<void> {
    const key = `${appPk}:${provider}`;
    if (this.pausing.has(key)) return;
    this.pausing.add(key);
    this.logger.warn(`app ${appPk}: ${provider} refuses its credential (${reason}); its pushes are paused`);
    try {
      await this.channels.pause(appPk, provider, reason);
    } finally {
      this.pausing.delete(key);
    }
  }

  /** Held while the credential is paused: another upload wakes it. */
  private async unreachable(task: ClaimedTask, device: PushDevice): Promise<TaskEnd> {
    const states = await this.channels.states([task.appPk]);
    return states.get(task.appPk)?.get(device.provider) === 'paused'
      ? { task, device, status: 'later', afterMs: paddingMs(task), reason: HELD, untried: true }
      : { task, device, status: 'suppressed', reason: 'no-credential' };
  }
}

interface Sent {
  readonly task: ClaimedTask;
  readonly device: PushDevice;
  readonly answer: ProviderAnswer;
  readonly key: string;
  /** When it was asked. */
  readonly since: Date;
}

/** A plain timer for each: an abort signal would cost more than the rest of a push. */
function within(ms: number, asked: Promise<ProviderAnswer>): Promise<ProviderAnswer> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ outcome: 'retry', reason: 'timeout' }), ms).unref();
    const answered = (answer: ProviderAnswer): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    asked.then(answered, (error: unknown) => answered({ outcome: 'retry', reason: String(error) }));
  });
}

/** What the vendor asks for, else later and later, never all at the same moment. */
function backoffMs({ attempts }: ClaimedTask, afterMs = 0): number {
  const backoff = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** (attempts - 1)) / 2;
  return spread(Math.max(backoff, Math.min(afterMs, RETRY_AFTER_MAX_MS)));
}

/** An upload that could not wake it is found the sooner the younger the push is. */
function paddingMs({ openedAt }: ClaimedTask): number {
  const steps = Math.ceil((Date.now() - openedAt.getTime()) / 4 / HOLD_STEP_MS);
  return spread(Math.min(HOLD_MAX_MS, Math.max(1, steps) * HOLD_STEP_MS));
}

/** Up to twice as long, in few steps: what is due at the same moment is written by one statement. */
const spread = (ms: number): number => Math.ceil(ms * (1 + Math.floor(Math.random() * 8) / 8));

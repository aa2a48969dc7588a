import { Injectable, Logger } from '@nestjs/common';
import type { Jobs } from '../../../kernel/contracts/jobs';
import { Sql } from '../../../platform/database/sql';
import type { JobHandler } from '../../../platform/queues/job-queue';
import { WorkerHost } from '../../../platform/queues/worker-host';
import { decide, isRecorded, type PushFacts } from '../decision';
import { PushFactsGatherer, type PushQuestion } from '../facts';
import type { FanoutItem } from './fanout-items';
import { type ClaimedFanout, PushFanouts } from './push-fanouts';
import { PushPump } from './push-pump';
import { type PushRecord, PushRecords } from './push-records';
import { type NewTask, PushTasks } from './push-tasks';
import { RecipientPages } from './recipient-pages';

/** Rows taken at once; the others are left to other workers. */
const ROWS = 2;
/** How long one app is worked for before the next one has its turn. */
const SLICE_MS = 200;

/** What a page came to. */
interface Decided {
  readonly tasks: NewTask[];
  readonly records: PushRecord[];
  /** Users present a moment ago, who may not confirm. */
  readonly waiting: FanoutItem[];
  readonly waitMs: number;
}

/**
 * Decides for every recipient of an app's messages, a page at a time. A page is one transaction: what it decided, and that
 * it is decided. So a worker may die anywhere, and nobody is forgotten or decided about twice.
 */
@Injectable()
export class PushDecider implements JobHandler<'push-decide'> {
  readonly job = 'push-decide';
  readonly concurrency = 4;
  private readonly logger = new Logger('push');

  constructor(
    private readonly sql: Sql,
    private readonly fanouts: PushFanouts,
    private readonly pages: RecipientPages,
    private readonly facts: PushFactsGatherer,
    private readonly tasks: PushTasks,
    private readonly records: PushRecords,
    private readonly pump: PushPump,
    host: WorkerHost,
  ) {
    host.register(this);
  }

  async handle({ appPk }: Jobs['push-decide']): Promise<void> {
    const until = performance.now() + SLICE_MS;
    const claimed = await this.fanouts.claim(appPk, ROWS);
    let more = claimed.length === ROWS;
    // Others may begin with the rest while this one waits for the database.
    if (more) this.pump.nudge('push-decide', appPk);
    for (const fanout of claimed) {
      try {
        more = !(await this.work(fanout, until)) || more;
      } catch (error) {
        await this.failed(fanout, error);
      }
    }
    if (more) this.pump.nudge('push-decide', appPk);
  }

  /** False when time was up before the end of the row. */
  private async work(fanout: ClaimedFanout, until: number): Promise<boolean> {
    let { items } = fanout;
    while (items.length > 0) {
      if (performance.now() >= until) {
        await this.fanouts.yield(fanout);
        return false;
      }
      const { questions, rest } = await this.pages.next(items);
      const decided = await this.decide(fanout.appPk, questions);
      const ended = await this.store(fanout, decided, rest);
      if (!ended) return true;
      this.records.count(ended);
      if (decided.tasks.length > 0) this.pump.collect(fanout.appPk);
      items = rest;
    }
    return true;
  }

  private async decide(appPk: number, questions: readonly PushQuestion[]): Promise<Decided> {
    const facts = await this.facts.gather(questions);
    const page = new Page(appPk);
    questions.forEach((question, index) => page.add(question, facts[index]));
    return page.decided();
  }

  /** The ends that it wrote; undefined, and nothing written, when the lease had ended. */
  private store(
    fanout: ClaimedFanout,
    decided: Decided,
    rest: readonly FanoutItem[],
  ): Promise<PushRecord[] | undefined> {
    const { tasks, records, waiting, waitMs } = decided;
    return this.sql.transaction(async (tx) => {
      if (!(await this.fanouts.progress(tx, fanout, rest))) return undefined;
      const superseded = await this.tasks.open(tx, fanout.appPk, tasks);
      this.records.add(tx, records);
      if (waiting.length > 0) await this.fanouts.add(tx, [{ appPk: fanout.appPk, items: waiting, delayMs: waitMs }]);
      return [...records, ...superseded];
    });
  }

  private async failed(fanout: ClaimedFanout, error: unknown): Promise<void> {
    const reason = error instanceof Error ? error.message : String(error);
    this.logger.warn(`deciding about messages of app ${fanout.appPk} failed and will be tried again: ${reason}`);
    // The database may be what failed: then the end of the lease drives the row again.
    const dead = await this.fanouts.fail(fanout, reason).catch(() => false);
    if (dead) this.logger.error({ err: error }, `push_fanouts ${fanout.id} is dead; an operator can replay it`);
  }
}

/** Decisions of one page, sorted by what is to be written. */
class Page {
  private readonly tasks = new Map<string, NewTask & { seqs: number[]; mentioned: boolean }>();
  private readonly records: PushRecord[] = [];
  private readonly waiting = new Map<string, { c: number; s: number; only: number[] }>();
  private waitMs = 0;

  constructor(private readonly appPk: number) {}

  add({ subject, userPk }: PushQuestion, facts: PushFacts): void {
    const { appPk } = this;
    const decision = decide(facts);
    const { mentioned } = facts.message;
    const { seq, conversationPk = 0 } = subject;
    if ('wait' in decision) {
      const key = `${conversationPk}:${seq}`;
      const item = this.waiting.get(key) ?? { c: conversationPk, s: seq, only: [] };
      item.only.push(userPk);
      this.waiting.set(key, item);
      this.waitMs = Math.max(this.waitMs, decision.wait);
      return;
    }
    if (!decision.push) {
      const { reason } = decision;
      if (isRecorded(reason)) this.records.push({ appPk, conversationPk, seq, userPk, status: 'suppressed', reason });
      return;
    }
    const pushed = new Set(decision.devicePks);
    for (const { pk: devicePk, deviceId, provider } of facts.devices) {
      if (devicePk === undefined || provider === undefined || !pushed.has(devicePk)) continue;
      const key = `${devicePk}:${conversationPk}`;
      const task = this.tasks.get(key);
      if (task) {
        task.seqs.push(seq);
        task.mentioned ||= mentioned;
      } else
        this.tasks.set(key, { appPk, userPk, devicePk, deviceId, provider, conversationPk, seqs: [seq], mentioned });
    }
  }

  decided(): Decided {
    return {
      tasks: [...this.tasks.values()],
      records: this.records,
      waiting: [...this.waiting.values()],
      waitMs: this.waitMs,
    };
  }
}

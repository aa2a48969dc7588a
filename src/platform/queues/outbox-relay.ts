import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { OWED_JOBS, type OwedKind } from '../../kernel/contracts/jobs';
import { Settings } from '../config/settings';
import { Sql } from '../database/sql';
import { Drainables } from '../lifecycle/drainables';
import { JobQueue } from './job-queue';
import { OUTBOX_DEAD, OUTBOX_NEW } from './outbox.entity';
import { WorkerHost } from './worker-host';

const EVERY_MS = 1000;
const CLAIM_ROWS = 200;
const JOB_ROWS = 50;
const ATTEMPTS_MAX = 20;
const INLINE_AT_ONCE = 2;

interface DueRow {
  id: number;
  kind: OwedKind;
  attempts: number;
}

/**
 * Turns what is owed into jobs, on every worker: claims due rows under a lease and queues their ids. While Redis is away
 * it does the work itself. A crash at any point leaves the row owed, and the end of the lease drives it again: an effect
 * happens at least once (protocol.md §2.9).
 */
@Injectable()
export class OutboxRelay implements OnApplicationBootstrap {
  private readonly logger = new Logger('outbox');
  private timer?: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    private readonly sql: Sql,
    private readonly jobs: JobQueue,
    private readonly host: WorkerHost,
    private readonly settings: Settings,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => this.stop());
  }

  onApplicationBootstrap(): void {
    if (this.settings.role === 'api') return;
    this.timer = setInterval(() => this.nudge(), EVERY_MS).unref();
  }

  /** Look now: something is owed. Costs nothing when a look is under way already. */
  nudge(): void {
    if (this.stopped) return;
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = this.pass()
      .catch((error: unknown) => this.logger.warn(`reading the outbox failed, tried again in 1 s: ${String(error)}`))
      .finally(() => {
        this.running = undefined;
        if (this.again) {
          this.again = false;
          this.nudge();
        }
      });
  }

  /** One look: claims what is due and hands it on. Answers how many rows it claimed. */
  async relay(): Promise<number> {
    const due = await this.claim();
    const chunks = chunksOf(due);
    const left: typeof chunks = [];
    for (const chunk of chunks) if (!(await this.queue(chunk))) left.push(chunk);
    await this.inline(left);
    return due.length;
  }

  private async pass(): Promise<void> {
    while (!this.stopped && (await this.relay()) === CLAIM_ROWS);
  }

  private claim(): Promise<DueRow[]> {
    return this.sql.transaction(async (tx) => {
      const due = await tx.rows<DueRow>(
        'SELECT id, kind, attempts FROM outbox WHERE state = ? AND nextAt <= NOW(3) ORDER BY nextAt, id LIMIT ? FOR UPDATE SKIP LOCKED',
        [OUTBOX_NEW, CLAIM_ROWS],
      );
      const spent = due.filter(({ attempts }) => attempts >= ATTEMPTS_MAX).map(({ id }) => id);
      const live = due.filter(({ attempts }) => attempts < ATTEMPTS_MAX);
      if (spent.length > 0) {
        const reason = `given up after ${ATTEMPTS_MAX} attempts`;
        await tx.run('UPDATE outbox SET state = ?, reason = ? WHERE id IN (?)', [OUTBOX_DEAD, reason, spent]);
        this.logger.error(
          `outbox rows ${spent.join(', ')} are dead: ${reason}. Their recipients find the messages when they sync.`,
        );
      }
      if (live.length > 0) {
        await tx.run(
          'UPDATE outbox SET attempts = attempts + 1, nextAt = DATE_ADD(NOW(3), INTERVAL ? MICROSECOND) WHERE id IN (?)',
          [this.settings.work.leaseMs * 1000, live.map(({ id }) => id)],
        );
      }
      return live;
    });
  }

  /** False when Redis does not take the job. */
  private async queue(chunk: [DueRow, ...DueRow[]]): Promise<boolean> {
    const [first] = chunk;
    try {
      const jobId = `ob-${first.id}-${first.attempts + 1}`;
      await this.jobs.add(OWED_JOBS[first.kind], { outboxIds: chunk.map(({ id }) => id) }, { jobId });
      return true;
    } catch (error) {
      this.logger.debug(`queueing failed (${String(error)}); this process works on ${chunk.length} outbox rows itself`);
      return false;
    }
  }

  /** The handler itself, without a queue; what fails here is driven again after its lease. */
  private async inline(chunks: readonly [DueRow, ...DueRow[]][]): Promise<void> {
    const waiting = [...chunks];
    const work = async () => {
      for (let chunk = waiting.shift(); chunk; chunk = waiting.shift()) {
        const [{ kind }] = chunk;
        await this.host.run(OWED_JOBS[kind], { outboxIds: chunk.map(({ id }) => id) }).catch((error: unknown) => {
          this.logger.warn(`outbox work failed and will be tried again: ${String(error)}`);
        });
      }
    };
    await Promise.all(Array.from({ length: INLINE_AT_ONCE }, work));
  }

  private async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }
}

/** Rows of one kind together, in their order, at most so many a job. */
function chunksOf(due: readonly DueRow[]): [DueRow, ...DueRow[]][] {
  const chunks: [DueRow, ...DueRow[]][] = [];
  const filling = new Map<OwedKind, DueRow[]>();
  for (const row of due) {
    const chunk = filling.get(row.kind);
    if (chunk && chunk.length < JOB_ROWS) chunk.push(row);
    else {
      const fresh: [DueRow, ...DueRow[]] = [row];
      filling.set(row.kind, fresh);
      chunks.push(fresh);
    }
  }
  return chunks;
}

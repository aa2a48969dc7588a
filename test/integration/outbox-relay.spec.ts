import { Injectable, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Jobs } from '../../src/kernel/contracts/jobs';
import { ConfigModule } from '../../src/platform/config/config.module';
import { Settings } from '../../src/platform/config/settings';
import { DatabaseModule } from '../../src/platform/database/database.module';
import { Sql } from '../../src/platform/database/sql';
import { Drainables } from '../../src/platform/lifecycle/drainables';
import { LifecycleModule } from '../../src/platform/lifecycle/lifecycle.module';
import { Housekeeping } from '../../src/platform/queues/housekeeping';
import { type JobHandler, JobQueue } from '../../src/platform/queues/job-queue';
import { Outbox } from '../../src/platform/queues/outbox';
import { OutboxRelay } from '../../src/platform/queues/outbox-relay';
import { QueueRedis } from '../../src/platform/queues/queue-redis';
import { QueuesModule } from '../../src/platform/queues/queues.module';
import { WorkerHost } from '../../src/platform/queues/worker-host';
import { aScratchDatabase, type ScratchDatabase } from '../support/scratch-database';
import { TcpGate } from '../support/tcp-gate';

/** Settles what it is given, and remembers; fails while told to. */
@Injectable()
class RecordingWorker implements JobHandler<'offline-delivery'> {
  readonly job = 'offline-delivery';
  readonly runs: number[][] = [];
  failing = false;

  constructor(
    private readonly outbox: Outbox,
    host: WorkerHost,
  ) {
    host.register(this);
  }

  async handle({ outboxIds }: Jobs['offline-delivery']): Promise<void> {
    this.runs.push(outboxIds);
    if (this.failing) throw new Error('not today');
    await this.outbox.done(outboxIds);
  }
}

/** Runs when it is let, one after the other. */
@Injectable()
class PatientWorker implements JobHandler<'push-send'> {
  readonly job = 'push-send';
  runs = 0;
  let: () => void = () => undefined;

  constructor(host: WorkerHost) {
    host.register(this);
    // Every job needs its handler; nothing here is owed to these.
    for (const job of ['push-badge', 'push-decide', 'user-departed'] as const)
      host.register({ job, handle: () => Promise.resolve() });
  }

  async handle(): Promise<void> {
    this.runs++;
    await new Promise<void>((resolve) => (this.let = resolve));
  }
}

@Module({
  imports: [ConfigModule, LifecycleModule, DatabaseModule, QueuesModule],
  providers: [RecordingWorker, PatientWorker],
})
class RelayModule {}

describe('the outbox relay', () => {
  let database: ScratchDatabase;
  let gate: TcpGate;
  let node: TestingModule;
  const use = <T>(type: new (...args: never[]) => T): T => node.get<T>(type, { strict: false });

  /** Role `api`: nothing runs by itself, so that a test drives each step; `all`: everything does. */
  const start = async (role: 'api' | 'all'): Promise<void> => {
    const settings = database.withEnv({
      REDIS_URL: gate.url,
      REDIS_PREFIX: `t-${Date.now().toString(36)}`,
      ROLE: role,
    });
    node = await Test.createTestingModule({ imports: [RelayModule] })
      .overrideProvider(Settings)
      .useValue(settings)
      .setLogger({ log: () => undefined, error: () => undefined, warn: () => undefined })
      .compile();
    await node.init();
    await use(QueueRedis).readyWithin(5000);
  };
  const owe = async (rows: number): Promise<(number | undefined)[]> => {
    const owed = await use(Sql).transaction((tx) =>
      Promise.resolve(
        Array.from({ length: rows }, (_, row) => use(Outbox).write(tx, 'messages', { messages: [[1, row]] })),
      ),
    );
    return owed.map(({ insertId }) => insertId);
  };
  const owed = async (): Promise<number> => (await use(Sql).rows('SELECT id FROM outbox WHERE state = 0')).length;
  const leaseOver = () =>
    use(Sql).run('UPDATE outbox SET nextAt = DATE_SUB(NOW(3), INTERVAL 1 SECOND) WHERE state = 0');
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    for (const deadline = performance.now() + 15_000; performance.now() < deadline;) {
      if (await holds()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('it never came to be');
  };

  beforeAll(async () => {
    database = await aScratchDatabase();
  });
  beforeEach(async () => {
    gate = await TcpGate.to(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
  });
  afterEach(async () => {
    await use(Sql).run('DELETE FROM outbox');
    await use(Drainables).drain();
    await node.close();
    await gate.shut();
  });
  afterAll(() => database.drop());

  it('keeps one job of a key waiting, and lets the next one wait as soon as it runs', async () => {
    await start('all');
    const worker = use(PatientWorker);
    const add = () => use<JobQueue>(JobQueue as never).add('push-send', { appPk: 1 }, { once: 'app-1' });
    for (let n = 0; n < 3; n++) await add();
    await until(() => Promise.resolve(worker.runs === 1));
    for (let n = 0; n < 3; n++) await add();
    worker.let();
    await until(() => Promise.resolve(worker.runs === 2));
    worker.let();
    await add();
    await until(() => Promise.resolve(worker.runs === 3));
    worker.let();
  });

  it('turns everything owed into jobs, and the jobs settle it', async () => {
    await start('all');
    const ids = await owe(120);
    use(OutboxRelay).nudge();
    await until(async () => (await owed()) === 0);
    expect(
      use(RecordingWorker)
        .runs.flat()
        .sort((a, b) => a - b),
    ).toEqual(ids);
  });

  it('does the work itself while Redis is away', async () => {
    await start('api');
    await gate.shut();
    await until(() => Promise.resolve(!use(QueueRedis).up));
    const ids = await owe(60);
    expect(await use(OutboxRelay).relay()).toBe(60);
    expect(await owed()).toBe(0);
    expect(
      use(RecordingWorker)
        .runs.flat()
        .sort((a, b) => a - b),
    ).toEqual(ids);
  });

  it('queues again once Redis is back', async () => {
    await start('all');
    await gate.shut();
    await until(() => Promise.resolve(!use(QueueRedis).up));
    await gate.open();
    await until(() => Promise.resolve(use(QueueRedis).up));
    await owe(3);
    use(OutboxRelay).nudge();
    await until(async () => (await owed()) === 0);
    expect(use(RecordingWorker).runs.flat()).toHaveLength(3);
  });

  it('leaves a claimed row to its claimer, and drives it again when that one dies', async () => {
    await start('api');
    // Claimed and queued, but nobody works: as if the claimer had died right after.
    const ids = await owe(2);
    expect(await use(OutboxRelay).relay()).toBe(2);
    expect(await use(OutboxRelay).relay()).toBe(0);
    expect(await owed()).toBe(2);

    await leaseOver();
    await gate.shut();
    await until(() => Promise.resolve(!use(QueueRedis).up));
    expect(await use(OutboxRelay).relay()).toBe(2);
    expect(use(RecordingWorker).runs).toEqual([ids]);
    expect(await owed()).toBe(0);
  });

  it('never gives one row to two relays at once', async () => {
    await start('api');
    await owe(150);
    const claimed = await Promise.all(Array.from({ length: 4 }, () => use(OutboxRelay).relay()));
    expect(claimed.reduce((sum, rows) => sum + rows)).toBe(150);
  });

  it('gives up a row that fails for ever, and says so in it', async () => {
    await start('api');
    await gate.shut();
    await until(() => Promise.resolve(!use(QueueRedis).up));
    use(RecordingWorker).failing = true;
    await owe(1);
    for (let attempt = 0; attempt < 25; attempt++) {
      await leaseOver();
      await use(OutboxRelay).relay();
    }
    const [row] = await use(Sql).rows<{ state: number; reason: string }>('SELECT state, reason FROM outbox');
    expect(row).toEqual({ state: 2, reason: 'given up after 20 attempts' });
    expect(use(RecordingWorker).runs).toHaveLength(20);
  });

  it('leaves finished rows to housekeeping, which keeps what is owed and what is young', async () => {
    await start('api');
    const [old = 0, young = 0, open = 0] = await owe(3);
    await use(Outbox).done([old, young]);
    await use(Sql).run('UPDATE outbox SET nextAt = DATE_SUB(NOW(3), INTERVAL 2 HOUR) WHERE id IN (?)', [[old, open]]);
    await use(Housekeeping).handle();
    const left = await use(Sql).rows<{ id: number }>('SELECT id FROM outbox ORDER BY id');
    expect(left.map(({ id }) => id)).toEqual([young, open]);
  });
});

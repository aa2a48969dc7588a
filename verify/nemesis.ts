import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { PrivateServer } from '../scripts/lib/service.mjs';
import type { Direction, TcpGate } from '../test/support/tcp-gate';
import type { AppNode } from './app-node';
import type { Cluster } from './cluster';
import { Random } from './random';
import { sideConnection } from './stores';
import type { World } from './tenants';
import { type Step, WorkKiller } from './work-killer';
import type { Workload } from './workload';

/** Those that mean nothing where nobody is pushed. */
const OF_PUSHES = [
  'deciding-kill',
  'paging-kill',
  'opened-kill',
  'sending-kill',
  'closing-kill',
  'vendor-trouble',
  'keys-revoked',
] as const;
export const PUSH_FAULTS: ReadonlySet<string> = new Set(OF_PUSHES);
export const FAULTS = [
  'app-kill',
  'worker-kill',
  ...OF_PUSHES,
  'database-kill',
  'commit-kill',
  'database-stall',
  'redis-flush',
  'redis-stall',
  'redis-stop',
  'redis-absent',
  'redis-way-cut',
  'redis-way-frozen',
  'redis-unheard',
  'redis-unhearing',
  'lock-waits',
  'insert-waits',
  'deadlocks',
  'duplicate-sends',
  'connections-cut',
  'answers-late',
] as const;
export type FaultName = (typeof FAULTS)[number];

/** One fault of a run: when it may begin, and what it chooses. */
export interface PlannedFault {
  fault: FaultName;
  /** The share of the acknowledgements that must have come before it begins. */
  after: number;
  /** Milliseconds for which it lasts, where that is its own choice. */
  lasts: number;
  /** Seeds the choices within the fault. */
  seed: number;
}

/** How long each lasts, at least and at most, in milliseconds. */
const LASTS: Readonly<Record<FaultName, [number, number]>> = {
  'app-kill': [200, 2500],
  'worker-kill': [200, 2500],
  'deciding-kill': [100, 300],
  'paging-kill': [100, 300],
  'opened-kill': [100, 300],
  'sending-kill': [100, 300],
  'closing-kill': [100, 300],
  'vendor-trouble': [3000, 4500],
  'keys-revoked': [1500, 3000],
  'database-kill': [200, 2500],
  'commit-kill': [300, 1200],
  'database-stall': [5500, 8000],
  'redis-flush': [0, 0],
  'redis-stall': [3000, 6000],
  'redis-stop': [1500, 4000],
  'redis-absent': [8000, 10_000],
  'redis-way-cut': [2500, 4000],
  'redis-way-frozen': [2500, 4000],
  'redis-unheard': [2500, 4000],
  'redis-unhearing': [2500, 4000],
  'lock-waits': [2500, 4500],
  'insert-waits': [4000, 4800],
  deadlocks: [4000, 5000],
  'duplicate-sends': [4000, 6000],
  'connections-cut': [3000, 5000],
  'answers-late': [5500, 6500],
};

/** The same seed plans the same faults: every kind in turn, in a shuffled order, spread over the run. */
export function planFaults(seed: number, kinds: readonly FaultName[], count: number): PlannedFault[] {
  const random = new Random(seed, 'nemesis');
  const order: FaultName[] = [];
  while (order.length < count && kinds.length > 0) order.push(...random.shuffle(kinds));
  return order.slice(0, count).map((fault, index) => ({
    fault,
    after: (index + 0.3 + 0.5 * random.next()) / (count + 0.5),
    lasts: random.between(...LASTS[fault]),
    seed: random.between(0, 0xffffffff),
  }));
}

/** Breaks things one after the other, and heals each before the next. */
export class Nemesis {
  injected = 0;
  /** Faults that did not find the moment that they are about. */
  readonly unmet: string[] = [];
  private readonly work: WorkKiller;

  constructor(
    private readonly cluster: Cluster,
    private readonly workload: Workload,
    private readonly world: World,
    private readonly say: (line: string) => void,
  ) {
    this.work = new WorkKiller(cluster, world);
  }

  /** Runs the plan along the progress of the run (0 to 1). */
  async run(plan: readonly PlannedFault[], progress: () => number): Promise<void> {
    for (const planned of plan) {
      while (progress() < planned.after) await sleep(20);
      await this.inject(planned);
      await sleep(300);
    }
  }

  async inject({ fault, lasts, seed }: PlannedFault): Promise<void> {
    const seen = { type: 'fault' as const, device: '-', fault };
    const began = this.world.history.add({ ...seen, at: this.world.history.now(), phase: 'begin' }).at;
    await this.faults[fault](lasts, new Random(seed));
    const ended = this.world.history.add({ ...seen, at: this.world.history.now(), phase: 'end' }).at;
    this.injected++;
    this.say(`fault ${fault}: ${(began / 1000).toFixed(1)} s to ${(ended / 1000).toFixed(1)} s`);
  }

  private readonly faults: Readonly<Record<FaultName, (lasts: number, random: Random) => Promise<void>>> = {
    'app-kill': (lasts, random) => this.restart(random.pick(this.cluster.nodes), lasts),
    'worker-kill': async (lasts, random) => {
      const { workers } = this.cluster;
      if (workers.length > 0) await this.restart(random.pick(workers), lasts);
    },
    // In the middle of a page: taken from the list, and none of its pushes opened yet.
    'deciding-kill': (lasts) => this.killWhile('deciding', lasts),
    // Some of a group's recipients are decided about, and others are not.
    'paging-kill': (lasts) => this.killWhile('paging', lasts),
    // Its pushes are opened, and nobody has taken one of them.
    'opened-kill': (lasts) => this.killWhile('opened', lasts),
    // The vendor has taken a notification, and its answer never arrives.
    'sending-kill': (lasts) => this.killWhile('sending', lasts),
    // The vendor has answered, and the push is not closed yet.
    'closing-kill': (lasts) => this.killWhile('closing', lasts),
    'vendor-trouble': async (lasts, random) => {
      const { push } = this.world;
      const trouble = push?.trouble(random);
      for (const end = performance.now() + lasts; performance.now() < end; await sleep(random.between(100, 400)))
        trouble?.next();
      push?.calm();
    },
    'keys-revoked': async (lasts) => {
      const { push } = this.world;
      push?.revokeKeys();
      await sleep(lasts);
      await push?.uploadKeys(this.world);
    },
    'database-kill': async (lasts) => {
      const { database } = this.cluster.stores;
      await database.kill();
      await sleep(lasts);
      await database.start();
    },
    // The database dies while commits are on their way: their outcome is unknown to everybody.
    'commit-kill': async (lasts) => {
      const { database } = this.cluster.stores;
      await this.beside(async (side) => {
        await blockCommits(side);
        await sleep(lasts);
        await database.kill();
      });
      await database.start();
    },
    // Longer than the application waits for an answer; what it asked is heard afterwards.
    'database-stall': (lasts) => this.frozen(this.cluster.stores.database, lasts),
    'redis-flush': () => this.cluster.stores.flushRedis(),
    'redis-stall': (lasts) => this.frozen(this.cluster.stores.redis, lasts),
    'redis-stop': (lasts) => this.withoutRedis(() => sleep(lasts)),
    // A node also starts without it, as a deployment might for a whole day.
    'redis-absent': (lasts, random) =>
      this.withoutRedis(async () => {
        await this.restart(random.pick(this.cluster.nodes), 300);
        await sleep(lasts);
      }),
    // One node after the other loses its way to Redis, and the others keep theirs.
    'redis-way-cut': (lasts) =>
      this.eachWay(lasts, async (way) => {
        await way.shut();
        return () => way.open();
      }),
    'redis-way-frozen': (lasts) => this.eachWay(lasts, (way) => hushed(way)),
    'redis-unheard': (lasts) => this.eachWay(lasts, (way) => hushed(way, 'from the server')),
    'redis-unhearing': (lasts) => this.eachWay(lasts, (way) => hushed(way, 'to the server')),
    'lock-waits': (lasts, random) =>
      this.held(lasts, random, 'READ COMMITTED', 'SELECT id FROM conversations WHERE id IN (?) ORDER BY id FOR UPDATE'),
    // The end of these logs is locked, so that a send has moved the head already when its insert waits.
    'insert-waits': (lasts, random) =>
      this.held(
        lasts,
        random,
        'REPEATABLE READ',
        'SELECT seq FROM messages WHERE conversationPk IN (?) AND seq > 0 FOR UPDATE',
      ),
    deadlocks: (lasts, random) => this.deadlocks(lasts, random),
    'duplicate-sends': async (lasts) => {
      const { copiesShare } = this.workload;
      this.workload.copiesShare = 0.8;
      await sleep(lasts);
      this.workload.copiesShare = copiesShare;
    },
    'connections-cut': async (lasts, random) => {
      for (const end = performance.now() + lasts; performance.now() < end; await sleep(random.between(100, 600)))
        this.cluster.balancer.cut(() => random.chance(0.15));
    },
    // Longer than clients wait, so that they repeat what is stored already.
    'answers-late': async (lasts, random) => {
      const heal = this.cluster.balancer.mute(() => random.chance(0.4));
      await sleep(lasts);
      heal();
    },
  };

  private async killWhile(step: Step, lasts: number): Promise<void> {
    if (!(await this.work.killWhile(step, lasts))) this.unmet.push(`${step}-kill`);
  }

  private async restart(node: AppNode, downMs: number): Promise<void> {
    await node.kill();
    await sleep(downMs);
    await node.start();
  }

  private async frozen(server: PrivateServer, lasts: number): Promise<void> {
    this.cluster.stores.freeze(server);
    await sleep(lasts);
    this.cluster.stores.thaw(server);
  }

  private async eachWay(lasts: number, strike: (way: TcpGate) => Heal | Promise<Heal>): Promise<void> {
    for (const node of this.cluster.nodes) {
      const heal = await strike(this.cluster.wayToRedis(node));
      await sleep(lasts);
      await heal();
    }
  }

  private async withoutRedis(meanwhile: () => Promise<unknown>): Promise<void> {
    const { redis } = this.cluster.stores;
    await redis.kill();
    try {
      await meanwhile();
    } finally {
      await redis.start();
    }
  }

  /** A session beside the application holds rows of some conversations for longer than a lock wait may take. */
  private async held(lasts: number, random: Random, isolation: string, statement: string): Promise<void> {
    await this.beside(async (side, conversations) => {
      await side.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`);
      await side.query('START TRANSACTION');
      await side.query(statement, [random.shuffle(conversations).slice(0, 6)]);
      // The server ends transactions that stay idle, so this one says something now and then.
      for (const end = performance.now() + lasts; performance.now() < end; await sleep(200)) await side.query('DO 0');
      await side.query('ROLLBACK');
    });
  }

  /** Sessions beside the application lock conversations against the order in which it does. */
  private async deadlocks(lasts: number, random: Random): Promise<void> {
    const end = performance.now() + lasts;
    await this.beside(async (side, conversations) => {
      while (performance.now() < end) {
        const rows = random.shuffle(conversations).slice(0, 3);
        rows.sort((a, b) => b - a);
        await side.query('START TRANSACTION');
        try {
          for (const id of rows) {
            await side.query('UPDATE conversations SET countSeq = countSeq WHERE id = ?', [id]);
            await sleep(random.between(2, 15));
          }
        } catch (error) {
          // It was chosen as the victim, as often as not.
          if ((error as { errno?: number }).errno !== 1213 && (error as { errno?: number }).errno !== 1205) throw error;
        }
        await side.query('ROLLBACK');
      }
    });
  }

  private async beside(work: (side: Connection, conversations: number[]) => Promise<void>): Promise<void> {
    const side = await sideConnection(this.cluster.mysqlUrl);
    try {
      const [rows] = await side.query<RowDataPacket[]>('SELECT id FROM conversations WHERE maxSeq > 0 ORDER BY id');
      await work(
        side,
        rows.map(({ id }) => Number(id)),
      );
    } finally {
      side.destroy();
    }
  }
}

type Heal = () => void | Promise<void>;

function hushed(way: TcpGate, ...directions: Direction[]): Heal {
  way.hush(...directions);
  return () => way.speak();
}

/** Statements still succeed, and no COMMIT comes back while this session lives. */
async function blockCommits(side: Connection): Promise<void> {
  try {
    await side.query('BACKUP STAGE START');
    await side.query('BACKUP STAGE BLOCK_COMMIT');
  } catch (error) {
    // MySQL has no such stages; this lock holds back COMMIT there as well.
    if ((error as { errno?: number }).errno !== 1064) throw error;
    await side.query('FLUSH TABLES WITH READ LOCK');
  }
}

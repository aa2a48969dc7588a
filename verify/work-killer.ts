import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { AppNode } from './app-node';
import type { Cluster } from './cluster';
import { leasesOver } from './push-dump';
import { sideConnection } from './stores';
import type { World } from './tenants';

export type Step = 'deciding' | 'sending' | 'closing';

const PATIENCE_MS = 4000;
/** Answers take so long that the kill comes before them. */
const SLOW_MS = 1000;
/** From taking a page to where it waits. */
const TO_THE_LOCK_MS = 300;
const HELD_ROWS = 'SELECT COUNT(*) AS n FROM push_fanouts WHERE nextAt > DATE_ADD(NOW(3), INTERVAL 15 SECOND)';

/** Kills everybody who does background work, in the very middle of a step of it. */
export class WorkKiller {
  constructor(
    private readonly cluster: Cluster,
    private readonly world: World,
  ) {}

  /** What the dead held is free again when they come back, as it would be after their leases. */
  async killWhile(step: Step, downMs: number): Promise<void> {
    if (!this.world.push) return;
    const side = await sideConnection(this.cluster.mysqlUrl);
    const killed = this.working();
    try {
      await this.reach(step, side);
      await Promise.all(killed.map((node) => node.kill()));
      this.world.push.calm();
      await side.query('ROLLBACK');
      await sleep(downMs);
      await leasesOver(side);
    } finally {
      side.destroy();
      await Promise.all(killed.map((node) => node.start()));
    }
  }

  /** Everything that works in the background, so that nobody alive holds anything. */
  private working(): AppNode[] {
    const { nodes, workers } = this.cluster;
    return workers.length > 0 ? [...workers] : [...nodes];
  }

  private async reach(step: Step, side: Connection): Promise<void> {
    const { push } = this.world;
    if (step === 'deciding') {
      // No push can be opened any more; whoever decides now waits in the middle of a page.
      await lockTasks(side);
      for (
        const end = performance.now() + PATIENCE_MS;
        performance.now() < end && !(await held(side));
        await sleep(20)
      );
      return void (await sleep(TO_THE_LOCK_MS));
    }
    push?.slow(SLOW_MS);
    await push?.nextTaken(PATIENCE_MS);
    if (step === 'sending') return;
    await lockTasks(side);
    await sleep(SLOW_MS + 150);
  }
}

async function lockTasks(side: Connection): Promise<void> {
  await side.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await side.query('START TRANSACTION');
  await side.query('SELECT id FROM push_tasks WHERE id > 0 FOR UPDATE');
}

/** Whether somebody has a page in hand. */
async function held(side: Connection): Promise<boolean> {
  const [rows] = await side.query<RowDataPacket[]>(HELD_ROWS);
  return Number(rows[0]?.n ?? 0) > 0;
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { AppNode } from './app-node';
import type { Cluster } from './cluster';
import { CROWD, PHONELESS } from './crowd';
import { leasesOver } from './push-dump';
import { LEASE_MS, type PushWorld } from './push-world';
import { sideConnection, unhindered } from './stores';
import type { World } from './tenants';

export type Step = 'deciding' | 'paging' | 'opened' | 'sending' | 'closing';

const PATIENCE_MS = 15_000;
/** Answers take so long that the kill comes before them. */
const SLOW_MS = 1000;
/** From taking a page to where it waits. */
const TO_THE_LOCK_MS = 300;
/** Taken by somebody a moment ago: a row that only waits for its time has no lease. */
const IN_HAND = `lease > 0 AND nextAt > DATE_ADD(NOW(3), INTERVAL ${LEASE_MS / 2} * 1000 MICROSECOND)`;
const DECIDING = `SELECT COUNT(*) AS n FROM push_fanouts WHERE ${IN_HAND}`;
/** A list of which a page is done already. */
const PAGING = `SELECT COUNT(*) AS n FROM push_fanouts WHERE ${IN_HAND} AND items LIKE '%"after"%'`;
const LAST_OF_CROWDS = `SELECT c.appPk, c.id AS conversationPk, c.maxSeq, u.id AS userPk FROM chat_groups g
  JOIN conversations c ON c.kind = 2 AND c.lowPk = g.id JOIN users u ON u.appPk = g.appPk
  WHERE u.userId = ? AND g.groupId = ?`;
/** More than are sent while one waits for a moment. */
const MESSAGES_AHEAD = 100;
/** Opened a moment ago: a push is sent no sooner than some time later. */
const OPENED = `SELECT COUNT(*) AS n FROM push_tasks t JOIN push_batches b ON b.id = t.batchPk
  WHERE b.lease = 0 AND b.nextAt > NOW(3) AND t.seqs <> '' AND t.attempts = 0`;

/** Kills everybody who does background work, in the very middle of a step of it. */
export class WorkKiller {
  constructor(
    private readonly cluster: Cluster,
    private readonly world: World,
  ) {}

  /**
   * What the dead held is free again when they come back, as it would be after their leases. False when there was no such
   * moment in time; then they are killed all the same.
   */
  async killWhile(step: Step, downMs: number): Promise<boolean> {
    const { push } = this.world;
    if (!push) return false;
    const { mysqlUrl } = this.cluster;
    const [side, watch] = [await sideConnection(mysqlUrl), await sideConnection(mysqlUrl)];
    const killed = this.working();
    try {
      const reached = await this.reach(step, push, side, watch);
      await Promise.all(killed.map((node) => node.kill()));
      push.calm();
      await side.query('ROLLBACK');
      await sleep(downMs);
      await leasesOver(side);
      return reached;
    } finally {
      side.destroy();
      watch.destroy();
      await Promise.all(killed.map((node) => node.start()));
    }
  }

  /** Everything that works in the background, so that nobody alive holds anything. */
  private working(): AppNode[] {
    const { nodes, workers } = this.cluster;
    return workers.length > 0 ? [...workers] : [...nodes];
  }

  /** @param side holds locks in a transaction; @param watch sees what the others have committed */
  private async reach(step: Step, push: PushWorld, side: Connection, watch: Connection): Promise<boolean> {
    switch (step) {
      case 'deciding':
        // No push can be opened any more: whoever decides now waits in the middle of a page.
        await lockTasks(side);
        return (await until(watch, DECIDING, side)) && after(TO_THE_LOCK_MS);
      case 'paging':
        // Nobody of the last page can be recorded as without a phone.
        await lockLastPage(side, this.world.tenants.length);
        return (await until(watch, PAGING, side)) && after(TO_THE_LOCK_MS);
      case 'opened': {
        const reached = await until(watch, OPENED);
        // The job that would have it sent is lost as well.
        await this.cluster.stores.flushRedis();
        return reached;
      }
      case 'sending':
        push.slow(SLOW_MS);
        return push.nextTaken(PATIENCE_MS);
      case 'closing': {
        push.slow(SLOW_MS);
        const reached = await push.nextTaken(PATIENCE_MS);
        await lockTasks(side);
        return reached && after(SLOW_MS + TO_THE_LOCK_MS);
      }
    }
  }
}

const after = (ms: number): Promise<true> => sleep(ms, true);

async function lockTasks(side: Connection): Promise<void> {
  await locked(side, 'SELECT id FROM push_tasks WHERE id > 0 FOR UPDATE');
}

/**
 * The places of records that only the last page of a crowd's next messages writes: a lock on anything else of it would
 * hold up other work as well, and with that the first page.
 */
async function lockLastPage(side: Connection, tenants: number): Promise<void> {
  const [crowds] = await side.query<RowDataPacket[]>(LAST_OF_CROWDS, [PHONELESS.at(-1), CROWD]);
  if (crowds.length < tenants) throw new Error('a tenant has no crowd');
  const places = crowds.flatMap(({ appPk, conversationPk, maxSeq, userPk }) =>
    Array.from({ length: MESSAGES_AHEAD }, (_, n) => [appPk, conversationPk, Number(maxSeq) + 1 + n, userPk, 0, 2]),
  );
  const take = 'INSERT INTO push_deliveries (appPk, conversationPk, seq, userPk, devicePk, status) VALUES ?';
  await locked(side, take, [places]);
}

/** In a transaction that holds them; begun anew where it was the one that a deadlock ended. */
async function locked(side: Connection, statement: string, values: unknown[] = []): Promise<void> {
  await side.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  do await side.query('START TRANSACTION');
  while (!(await unhindered(side, statement, values)));
}

/** Waits for a moment in which this counts anything; the server ends transactions that stay idle meanwhile. */
async function until(watch: Connection, count: string, kept?: Connection): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(10)) {
    await kept?.query('DO 0');
    const [rows] = await watch.query<RowDataPacket[]>(count);
    if (Number(rows[0]?.n ?? 0) > 0) return true;
  }
  return false;
}

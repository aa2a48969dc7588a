import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Cluster } from '../cluster';
import type { Strike } from '../fault-plan';
import type { Random } from '../random';
import { sideConnection } from '../stores';

/** Sessions beside the application that hold what it needs. */
export const lockFaults = ({ mysqlUrl }: Cluster) =>
  ({
    'lock-waits': (lasts, random) =>
      held(
        mysqlUrl,
        { lasts, random },
        'READ COMMITTED',
        'SELECT id FROM conversations WHERE id IN (?) ORDER BY id FOR UPDATE',
      ),
    // The end of these logs is locked, so that a send has moved the head already when its insert waits.
    'insert-waits': (lasts, random) =>
      held(
        mysqlUrl,
        { lasts, random },
        'REPEATABLE READ',
        'SELECT seq FROM messages WHERE conversationPk IN (?) AND seq > 0 FOR UPDATE',
      ),
    deadlocks: (lasts, random) => deadlocks(mysqlUrl, lasts, random),
  }) satisfies Record<string, Strike>;

/** A session beside the application holds rows of some conversations for longer than a lock wait may take. */
async function held(
  mysqlUrl: string,
  { lasts, random }: { lasts: number; random: Random },
  isolation: string,
  statement: string,
): Promise<void> {
  await beside(mysqlUrl, async (side, conversations) => {
    await side.query(`SET SESSION TRANSACTION ISOLATION LEVEL ${isolation}`);
    await side.query('START TRANSACTION');
    await side.query(statement, [random.shuffle(conversations).slice(0, 6)]);
    // The server ends transactions that stay idle, so this one says something now and then.
    for (const end = performance.now() + lasts; performance.now() < end; await sleep(200)) await side.query('DO 0');
    await side.query('ROLLBACK');
  });
}

/** Sessions beside the application lock conversations against the order in which it does. */
async function deadlocks(mysqlUrl: string, lasts: number, random: Random): Promise<void> {
  const end = performance.now() + lasts;
  await beside(mysqlUrl, async (side, conversations) => {
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

async function beside(
  mysqlUrl: string,
  work: (side: Connection, conversations: number[]) => Promise<void>,
): Promise<void> {
  const side = await sideConnection(mysqlUrl);
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

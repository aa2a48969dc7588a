import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { PushRecord } from './history';
import { pause } from './sender';
import { sideConnection, unhindered } from './stores';

const STATUSES: Readonly<Record<number, PushRecord['status']>> = { 1: 'sent', 2: 'suppressed', 3: 'failed' };
const RECORDS = `SELECT d.conversationPk, d.seq, u.userId, d.devicePk, d.deviceId, d.status, d.reason, d.providerId
  FROM push_deliveries d JOIN users u ON u.id = d.userPk`;

/** How each push ended. */
export async function pushRecords(side: Connection, names: ReadonlyMap<number, string>): Promise<PushRecord[]> {
  const [rows] = await side.query<RowDataPacket[]>(RECORDS);
  return rows.map((row): PushRecord => ({
    conversation: names.get(Number(row.conversationPk)) ?? `?|conversation ${row.conversationPk}`,
    seq: Number(row.seq),
    user: String(row.userId),
    ...(Number(row.devicePk) > 0 && { phone: String(row.deviceId) }),
    status: STATUSES[Number(row.status)] ?? 'failed',
    ...(typeof row.reason === 'string' && { reason: row.reason }),
    ...(typeof row.providerId === 'string' && { providerId: row.providerId }),
  }));
}

const OWED: Readonly<Record<string, string>> = {
  'effects in the outbox': 'SELECT COUNT(*) AS n FROM outbox WHERE state = 0',
  'effects given up': 'SELECT COUNT(*) AS n FROM outbox WHERE state = 2',
  'messages whose recipients are not decided': 'SELECT COUNT(*) AS n FROM push_fanouts',
  'pushes under way': "SELECT COUNT(*) AS n FROM push_tasks WHERE seqs <> ''",
  'batches of pushes': 'SELECT COUNT(*) AS n FROM push_batches',
};

/** Waits until nothing is owed any more, and says what still is when time is up. */
export async function workDone(mysqlUrl: string, patienceMs: number): Promise<string[]> {
  const side = await sideConnection(mysqlUrl);
  try {
    for (const end = performance.now() + patienceMs; ; await pause(250)) {
      const owed: string[] = [];
      for (const [what, statement] of Object.entries(OWED)) {
        const [rows] = await side.query<RowDataPacket[]>(statement);
        const n = Number(rows[0]?.n ?? 0);
        if (n > 0) owed.push(`${n} ${what}`);
      }
      if (owed.length === 0 || performance.now() > end) return owed;
    }
  } finally {
    side.destroy();
  }
}

const FREE = [
  'UPDATE push_fanouts SET nextAt = NOW(3) WHERE nextAt > NOW(3)',
  'UPDATE push_batches SET nextAt = NOW(3) WHERE nextAt > NOW(3)',
  'UPDATE outbox SET nextAt = NOW(3) WHERE state = 0 AND attempts > 0 AND nextAt > NOW(3)',
];

/** As if the time had passed for which dead workers held something. Only while no worker lives. */
export async function leasesOver(side: Connection): Promise<void> {
  for (const statement of FREE) {
    while (!(await unhindered(side, statement))) await pause(50);
  }
}

import type { Sql } from '../../../src/platform/database/sql';
import { eventually } from '../eventually';
import type { World } from './world';

/** How each table says whose its rows are. */
const WHOSE: Record<string, string> = {
  apps: 'id = :app',
  app_secrets: 'appPk = :app',
  conversations: 'appPk = :app',
  developers: 'id = :developer',
  idempotency_keys: `owner IN (CONCAT('app:', :app), CONCAT('developer:', :developer))
    OR owner IN (SELECT CONCAT('user:', id) FROM users WHERE appPk = :app)`,
  chatrooms: 'appPk = :app',
  chatroom_attributes: 'appPk = :app',
  chatroom_standings: 'appPk = :app',
  chatroom_super_admins: 'appPk = :app',
  chat_groups: 'appPk = :app',
  group_members: 'appPk = :app',
  group_requests: 'appPk = :app',
  group_sanctions: 'appPk = :app',
  members: 'appPk = :app',
  messages: 'appPk = :app',
  push_devices: 'appPk = :app',
  push_settings: 'appPk = :app',
  push_credentials: 'appPk = :app',
  sessions: 'appPk = :app',
  users: 'appPk = :app',
  user_events: 'userPk IN (SELECT id FROM users WHERE appPk = :app)',
};

/** Tables that hold nothing of a tenant, only what passes through, or what workers write in their own time. */
const NOBODYS = [
  'bus_fallback',
  'migrations',
  'outbox',
  'push_batches',
  'push_deliveries',
  'push_fanouts',
  'push_tasks',
  'store_state',
];

async function tablesOf(sql: Sql): Promise<string[]> {
  const rows = await sql.rows<{ name: string }>(
    'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()',
  );
  return rows.map(({ name }) => name);
}

/** Tables of which nobody said whose their rows are. */
export async function unclaimedTables(sql: Sql): Promise<string[]> {
  return (await tablesOf(sql)).filter((name) => !(name in WHOSE) && !NOBODYS.includes(name));
}

/** A deleted user leaves its groups a moment after the call: whoever comes next has not done it. */
const departed = (sql: Sql): Promise<true> =>
  eventually('deleted users have left', async () => {
    const owed = await sql.rows("SELECT id FROM outbox WHERE kind = 'user-departed' AND state = 0");
    return owed.length === 0;
  });

/** Everything stored of a world's app and developer, by table, to be compared with a later look. */
export async function storedOf(sql: Sql, { app, developer }: World): Promise<Record<string, unknown[]>> {
  await departed(sql);
  const [keys] = await sql.rows<{ app: number; developer: number }>(
    'SELECT a.id AS app, d.id AS developer FROM apps a JOIN developers d ON d.id = a.developerPk WHERE a.appId = ? AND d.accountSid = ?',
    [app.appId, developer.accountSid],
  );
  if (!keys) throw new Error('the world has no rows');
  const stored: Record<string, unknown[]> = {};
  await Promise.all(
    Object.entries(WHOSE).map(async ([table, whose]) => {
      const where = whose.replaceAll(':app', String(keys.app)).replaceAll(':developer', String(keys.developer));
      const rows = await sql.rows(`SELECT * FROM ${table} WHERE ${where}`);
      stored[table] = rows.map((row) => JSON.stringify(row)).sort();
    }),
  );
  return stored;
}

/** How many rows each table has. */
export async function rowCounts(sql: Sql): Promise<Record<string, number>> {
  const tables = Object.keys(WHOSE);
  const rows = await sql.rows<{ name: string; n: number }>(
    tables.map((table) => `SELECT '${table}' AS name, COUNT(*) AS n FROM ${table}`).join(' UNION ALL '),
  );
  return Object.fromEntries(rows.map(({ name, n }) => [name, n]));
}

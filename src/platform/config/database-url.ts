/** Only what the migration CLI needs, so that it asks for no other setting. */
export function readDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  return env.MYSQL_URL ?? 'mysql://root@127.0.0.1:3306/parley';
}

import { urlProblem } from './store-url';

export const MYSQL_PROTOCOLS = ['mysql:', 'mariadb:'];
export const MYSQL_EXAMPLE = 'mysql://user:password@host:3306/database';

/**
 * Only what the migration CLI needs, so that it asks for no other setting.
 *
 * @throws Error in a sentence that says how to write the URL
 */
export function readDatabaseUrl(env: NodeJS.ProcessEnv = process.env): string {
  const url = env.MYSQL_URL || 'mysql://root@127.0.0.1:3306/parley';
  const problem = urlProblem(url, MYSQL_PROTOCOLS, MYSQL_EXAMPLE);
  if (problem !== undefined) throw new Error(`MYSQL_URL ${problem}`);
  return url;
}

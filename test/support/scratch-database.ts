import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { DataSource } from 'typeorm';
import { readSettings } from '../../src/platform/config/read-settings';
import type { Settings } from '../../src/platform/config/settings';
import { dataSourceOptions } from '../../src/platform/database/data-source';

export interface ScratchDatabase {
  url: string;
  settings: Settings;
  /** Settings on this database with other values. */
  withEnv(env: NodeJS.ProcessEnv): Settings;
  drop(): Promise<void>;
}

const server = (): string => {
  const { MYSQL_URL } = process.env;
  if (!MYSQL_URL)
    throw new Error('MYSQL_URL is not set: run these tests with `npm test` (or `npm run test:integration`).');
  return MYSQL_URL;
};

/** An empty database with today's schema, on the server that `npm test` started. */
export async function aScratchDatabase(env: NodeJS.ProcessEnv = {}): Promise<ScratchDatabase> {
  const name = `parley_t_${randomBytes(6).toString('hex')}`;
  const url = new URL(server());
  const admin = await createConnection({ uri: url.href });
  await admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`);
  url.pathname = `/${name}`;
  const schema = new DataSource({ ...dataSourceOptions(url.href), logging: false });
  await schema.initialize();
  if (schema.migrations.length > 0) await schema.runMigrations();
  else await schema.synchronize();
  await schema.destroy();
  const withEnv = (values: NodeJS.ProcessEnv): Settings =>
    readSettings({
      REDIS_URL: 'redis://127.0.0.1:6379',
      LOG_LEVEL: 'silent',
      // Two test files share two cores with their servers: what is late there says nothing about the product.
      REALTIME_OVERLOAD_LAG_MS: '60000',
      ...process.env,
      MYSQL_URL: url.href,
      ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
      ...values,
    });
  return {
    url: url.href,
    settings: withEnv(env),
    withEnv,
    async drop() {
      await admin.query(`DROP DATABASE ${name}`);
      await admin.end();
    },
  };
}

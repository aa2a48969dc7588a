import 'reflect-metadata';
import { join } from 'node:path';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { readDatabaseUrl } from './src/platform/config/database-url';

/** TypeORM looks at the schema and migrates it, one statement after the other; every other statement goes through `Sql`. */
const POOL_SIZE = 2;

/** The one DataSource: the app's schema, its migrations and the migration CLI all read it. */
export function dataSourceOptions(url: string): DataSourceOptions {
  return {
    type: 'mariadb',
    url: url.replace(/^mariadb:/, 'mysql:'),
    charset: 'utf8mb4_unicode_ci',
    timezone: 'Z',
    // Ids stay far below 2^53, so they are plain numbers everywhere (docs/adr/0003).
    supportBigNumbers: true,
    bigNumberStrings: false,
    poolSize: POOL_SIZE,
    synchronize: false,
    migrationsTransactionMode: 'each',
    entities: [join(__dirname, 'src/**/*.entity.{ts,js}')],
    migrations: [join(__dirname, 'src/migrations/*.{ts,js}')],
  };
}

export default new DataSource(dataSourceOptions(readDatabaseUrl()));

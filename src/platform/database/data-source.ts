import { join } from 'node:path';
import type { DataSourceOptions } from 'typeorm';

/** TypeORM looks at the schema and migrates it, one statement after the other; every other statement goes through `Sql`. */
const POOL_SIZE = 2;

/** Below `src`, as sources and as built. */
const SRC = join(__dirname, '../..');

/** The app's schema and its migrations: the app, the migration CLI and the tests all read it. */
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
    entities: [join(SRC, '**/*.entity.{ts,js}')],
    migrations: [join(SRC, 'migrations/*.{ts,js}')],
  };
}

import 'reflect-metadata';
import { DataSource } from 'typeorm';
import { readDatabaseUrl } from './src/platform/config/database-url';
import { dataSourceOptions } from './src/platform/database/data-source';

const EXIT_SETTINGS = 2;

/** A person who migrates by hand gets a sentence instead of TypeORM's stack. */
function databaseUrlOrExit(): string {
  try {
    return readDatabaseUrl();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(EXIT_SETTINGS);
  }
}

/** For the migration CLI alone (`typeorm -d`): nothing else may import a file that reads the environment. */
export default new DataSource(dataSourceOptions(databaseUrlOrExit()));

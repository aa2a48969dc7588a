import { Logger } from '@nestjs/common';
import { DataSource, type DataSourceOptions } from 'typeorm';

const LOCK_NAME = 'parley-migrate';
/** Another node may be in the middle of a long migration. */
const LOCK_WAIT_S = 600;
const MIGRATIONS_TABLE = 'migrations';

interface Row {
  [column: string]: unknown;
}

/**
 * Brings the schema up to this code before anything else touches it: one migrator at a time, never past what this code
 * knows. Run by `openDataSource`, so that every repository is built on a schema that fits.
 */
export class SchemaGuard {
  private readonly logger = new Logger('schema');

  /** @throws Error in one sentence when the database is newer than the code, or its settings would lose messages */
  async prepare(dataSource: DataSource): Promise<void> {
    const runner = dataSource.createQueryRunner();
    // GET_LOCK belongs to a connection and to the whole server, so the name carries the database.
    const lock = `${LOCK_NAME}:${String(dataSource.driver.database)}`.slice(0, 64);
    try {
      const [held] = (await runner.query('SELECT GET_LOCK(?, ?) AS got', [lock, LOCK_WAIT_S])) as Row[];
      if (Number(held?.got) !== 1)
        throw new Error('Another process has been migrating this database for 10 minutes; look at it first.');
      await this.refuseNewerSchema(dataSource, runner);
      const applied = await dataSource.runMigrations({ transaction: 'each' });
      if (applied.length > 0) this.logger.log(`migrated: ${applied.map(({ name }) => name).join(', ')}`);
      await this.checkServer(runner);
    } finally {
      await runner.query('SELECT RELEASE_LOCK(?)', [lock]);
      await runner.release();
    }
  }

  /** An older program on a newer schema would write rows that the newer one no longer understands. */
  private async refuseNewerSchema(
    dataSource: DataSource,
    runner: ReturnType<DataSource['createQueryRunner']>,
  ): Promise<void> {
    if (!(await runner.hasTable(MIGRATIONS_TABLE))) return this.refuseHalfRestored(runner);
    const known = new Set(dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name));
    const rows = (await runner.query(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`)) as { name: string }[];
    const unknown = rows.map(({ name }) => name).filter((name) => !known.has(name));
    if (unknown.length > 0) {
      throw new Error(
        `The database is newer than this program: it knows the migrations ${unknown.join(', ')}, which this program does not. Start the newer version, or restore a backup from before them.`,
      );
    }
  }

  /** A restore writes the list of migrations last. */
  private async refuseHalfRestored(runner: ReturnType<DataSource['createQueryRunner']>): Promise<void> {
    if (!(await runner.hasTable('developers'))) return;
    throw new Error(
      'The database holds tables of Parley, but not the list of its migrations: a restore has not come to its end. Run it again (npm run restore).',
    );
  }

  private async checkServer(runner: ReturnType<DataSource['createQueryRunner']>): Promise<void> {
    const rows = (await runner.query(
      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('innodb_flush_log_at_trx_commit', 'sync_binlog', 'log_bin')",
    )) as { Variable_name: string; Value: string }[];
    const settings = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]));
    const flush = settings.get('innodb_flush_log_at_trx_commit');
    if (flush === '0') {
      this.logger.warn(
        'innodb_flush_log_at_trx_commit is 0: a crash of the database server loses up to a second of ACKNOWLEDGED messages. Set it to 1.',
      );
    } else if (flush === '2') {
      this.logger.warn(
        'innodb_flush_log_at_trx_commit is 2: a power loss can lose acknowledged messages. Set it to 1.',
      );
    }
    if (settings.get('log_bin') === 'ON' && settings.get('sync_binlog') === '0') {
      this.logger.warn(
        'sync_binlog is 0 with a binary log: a replica may miss acknowledged messages after a crash. Set it to 1.',
      );
    }
  }
}

/** Connects and prepares. Nest's TypeORM module calls it in place of `new DataSource(…).initialize()`. */
export async function openDataSource(options?: DataSourceOptions): Promise<DataSource> {
  if (!options) throw new Error('no data source options');
  const dataSource = await new DataSource(options).initialize();
  try {
    if (options.synchronize !== true) await new SchemaGuard().prepare(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

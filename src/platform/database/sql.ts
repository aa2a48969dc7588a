import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { createPool, type Pool, type ResultSetHeader, type RowDataPacket } from 'mysql2/promise';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { PoolQueue } from './pool-queue';
import { assertOneStatement, type Row, type SqlExecutor, type SqlTransaction, type SqlValue } from './statements';
import { Transaction } from './transaction';

export type { LaterResult, Row, SqlExecutor, SqlTransaction, SqlValue } from './statements';

const DEADLOCKS: readonly (number | undefined)[] = [1213, 1020];
const LOCK_WAIT = 1205;
const DUPLICATE = 1062;

const errorNumber = (error: unknown): number | undefined =>
  error instanceof Error && 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
const isDeadlock = (error: unknown): boolean => DEADLOCKS.includes(errorNumber(error));
const isLockWait = (error: unknown): boolean => errorNumber(error) === LOCK_WAIT;
/** Others held what this needed: nothing was stored, and the same again will pass. */
export const isLockTrouble = (error: unknown): boolean => isDeadlock(error) || isLockWait(error);
export const isDuplicateKey = (error: unknown): boolean => errorNumber(error) === DUPLICATE;

/** The database is away, restarting, full or too slow: nothing is known to be stored, so the client repeats. */
export function isConnectionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return (
    ('fatal' in error && error.fatal === true) ||
    /^(PROTOCOL_|ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EHOSTUNREACH|ENOENT|EAI_AGAIN|ER_SERVER_SHUTDOWN|ER_QUERY_INTERRUPTED|ER_CON_COUNT|ER_DISK_FULL|ER_RECORD_FILE_FULL|ER_STATEMENT_TIMEOUT|ER_CONNECTION_KILLED|ER_NEW_ABORTING_CONNECTION)/.test(
      code,
    ) ||
    /Pool is closed|closed state|Queue limit reached/.test(error.message)
  );
}

/** The connection went away, perhaps with a COMMIT on its way: the work may be stored or not. A lock wait is no such case. */
export const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'RETRY' && isConnectionError(error.cause);

/** What every session sets before its first statement, whatever the server's own defaults are. */
const SESSION = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // Values are escaped with backslashes, whatever the server's own mode says of them.
  `SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 2,
     sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',STRICT_ALL_TABLES')`,
];

/**
 * The hot path's door to the database: mysql2's pool without an ORM in between. Statements are text with `?`
 * placeholders, in the SQL that MySQL 8 and MariaDB share.
 */
@Injectable()
export class Sql implements SqlExecutor, OnApplicationShutdown {
  readonly pool: Pool;
  private readonly queue: PoolQueue;

  constructor(settings: Settings) {
    this.pool = createPool({
      uri: settings.stores.mysqlUrl.replace(/^mariadb:/, 'mysql:'),
      connectionLimit: settings.stores.poolSize,
      maxIdle: settings.stores.poolSize,
      queueLimit: 5000,
      connectTimeout: 5000,
      charset: 'utf8mb4_unicode_ci',
      timezone: 'Z',
      supportBigNumbers: true,
      bigNumberStrings: false,
      // Only Transaction joins statements; each by itself is refused when it is more than one.
      multipleStatements: true,
      // An object where a scalar belongs must never become SQL (CVE-2025-60542's family).
      stringifyObjects: true,
      // A stack trace for every statement, in case it fails: 3 µs each, and the statement says more.
      trace: false,
      // The system's own first look comes after two hours; firewalls forget a silent connection in minutes.
      enableKeepAlive: true,
      keepAliveInitialDelay: 10_000,
    });
    this.pool.pool.on('connection', (connection) => {
      for (const statement of SESSION) {
        connection.query(statement, (error) => {
          // A session without these settings would promise what it does not keep.
          if (error) connection.destroy();
        });
      }
    });
    this.queue = new PoolQueue(this.pool.pool);
  }

  /** How long whoever waits longest for a connection has waited; 0 when nobody does. */
  get longestWaitMs(): number {
    return this.queue.longestWaitMs;
  }

  async rows<T = Row>(text: string, values: SqlValue[] = []): Promise<T[]> {
    assertOneStatement(text);
    const [rows] = await this.pool.query<RowDataPacket[]>(text, values).catch(unavailable);
    return rows as T[];
  }

  async run(text: string, values: SqlValue[] = []): Promise<ResultSetHeader> {
    assertOneStatement(text);
    const [result] = await this.pool.query<ResultSetHeader>(text, values).catch(unavailable);
    return result;
  }

  /**
   * Runs `work` in one READ COMMITTED transaction: commits when it resolves, rolls back when it throws. Deadlocks are
   * run again (up to 3 times, with jitter), a lock wait once; so `work` must do nothing but SQL, and no network call.
   * Throws RETRY when the outcome is unknown or the database is away.
   */
  async transaction<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.once(work);
      } catch (error) {
        const again = (isDeadlock(error) && attempt <= 3) || (isLockWait(error) && attempt <= 1);
        if (!again) return unavailable(error);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
      }
    }
  }

  private async once<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    const connection = await this.pool.getConnection();
    try {
      const transaction = new Transaction(connection);
      const result = await work(transaction);
      await transaction.commit();
      connection.release();
      return result;
    } catch (error) {
      // Whatever went wrong, an explicit ROLLBACK: after a lock wait the first half would still be open (protocol.md E4).
      if (isConnectionError(error)) connection.destroy();
      else
        await connection.query('ROLLBACK').then(
          () => connection.release(),
          () => connection.destroy(),
        );
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

/** Turns "the database is away" into the one answer clients understand; everything else passes. */
function unavailable(error: unknown): never {
  if (isConnectionError(error) || isLockTrouble(error)) {
    throw new AppError('RETRY', {}, { cause: error });
  }
  throw error;
}

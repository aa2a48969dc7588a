import type { Duplex } from 'node:stream';
import { Logger } from '@nestjs/common';
import type { PoolConnection } from 'mysql2';
import { createPool, type Pool } from 'mysql2/promise';
import type { StoreSettings } from '../config/settings';
import { Deadlines } from './deadlines';
import type { SqlValue } from './statements';
import { isConnectionError, SilentDatabase } from './trouble';

const COMPLAIN_EVERY_MS = 10_000;
/** How often a silent database is asked whether it is there again. */
const ASK_AGAIN_MS = 500;
const TRY_MS = 2000;

/** What every session sets before its first statement, whatever the server's own defaults are. */
const SESSION = [
  'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
  // Values are escaped with backslashes, whatever the server's own mode says of them. A node that froze inside a
  // transaction must not hold its locks for ever: MariaDB ends it; to MySQL, which cannot, the text between /* is nothing.
  `SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 2,
     sql_mode = CONCAT(REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', ''), ',STRICT_ALL_TABLES')
     /*M! , idle_transaction_timeout = 5 */`,
];

/** mysql2's pool, with an end to every wait: for a connection, and for each answer. */
export class DatabasePool {
  private readonly logger = new Logger('database');
  /** Without ends to its waits: for those who bring their own. */
  readonly pool: Pool;
  private readonly connections: Deadlines;
  private readonly answers: Deadlines;
  private complainedAt = -Infinity;
  private answeredAt = performance.now();
  /** The longest that somebody has waited lately, and when that was over. */
  private waitedMs = 0;
  private waitedAt = -Infinity;
  /** Set while nobody is answered: whoever has begun to wait waits on, and whoever comes is told so at once. */
  private asking: NodeJS.Timeout | undefined;
  private trying = false;

  private readonly poolSize: number;
  private readonly timeoutMs: number;

  constructor({ mysqlUrl, poolSize, timeoutMs }: StoreSettings) {
    this.poolSize = poolSize;
    this.timeoutMs = timeoutMs;
    this.connections = new Deadlines(timeoutMs);
    this.answers = new Deadlines(timeoutMs);
    this.pool = createPool({
      uri: mysqlUrl.replace(/^mariadb:/, 'mysql:'),
      connectionLimit: poolSize,
      maxIdle: poolSize,
      queueLimit: 5000,
      connectTimeout: timeoutMs,
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
  }

  /** How long whoever waits longest for a connection has waited; 0 when nobody does. */
  get longestWaitMs(): number {
    return this.connections.longestMs;
  }

  get unheardMs(): number {
    return performance.now() - this.answeredAt;
  }

  /** How long somebody waits, or did within the time of one deadline. */
  get slowestMs(): number {
    const lately = performance.now() - this.waitedAt < this.timeoutMs ? this.waitedMs : 0;
    return Math.max(lately, this.connections.longestMs, this.answers.longestMs);
  }

  /** Whoever takes a connection gives it back with `release`. */
  acquire(): Promise<PoolConnection> {
    if (this.asking) return Promise.reject(this.silent('no connection'));
    return new Promise((resolve, reject) => {
      const begun = performance.now();
      const wait = this.connections.begin(() => reject(this.silent('no connection', begun)));
      this.pool.pool.getConnection((error, connection) => {
        const awaited = this.connections.end(wait);
        if (error) {
          if (error.code === 'ETIMEDOUT') this.silent('no connection', begun);
          reject(error);
        } else if (awaited) {
          this.waited(begun);
          resolve(connection);
        } else connection.release();
      });
    });
  }

  /** @param error what the connection was last heard to say, where that was an error */
  release(connection: PoolConnection, error?: unknown): void {
    if (isConnectionError(error)) connection.destroy();
    else connection.release();
  }

  /** The answer to a text of one or more statements. When it does not come in time, the connection is given up. */
  ask(connection: PoolConnection, text: string, values: SqlValue[]): Promise<unknown> {
    if (this.asking) {
      const error = this.silent('no answer');
      streamOf(connection).destroy(error);
      return Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const begun = performance.now();
      const wait = this.answers.begin(() => {
        const error = this.silent('no answer', begun);
        reject(error);
        // Its own `destroy` says goodbye first, and waits for those who do not listen.
        streamOf(connection).destroy(error);
      });
      const done = (error: Error | null, answer?: unknown) => {
        this.answers.end(wait);
        if (!isConnectionError(error)) this.answered();
        this.waited(begun);
        if (error) reject(error);
        else resolve(answer);
      };
      try {
        connection.query(text, values, done);
      } catch (error) {
        // Values that cannot be written as SQL.
        done(error as Error);
      }
    });
  }

  async end(): Promise<void> {
    clearInterval(this.asking);
    await this.pool.end();
    this.connections.stop();
    this.answers.stop();
  }

  private waited(begun: number): void {
    const now = performance.now();
    if (now - begun < this.waitedMs && now - this.waitedAt < this.timeoutMs) return;
    this.waitedMs = now - begun;
    this.waitedAt = now;
  }

  private answered(): void {
    this.answeredAt = performance.now();
    clearInterval(this.asking);
    this.asking = undefined;
  }

  /** While nobody is answered one question at a time finds out when that is over. */
  private askAgain(): void {
    if (this.trying) return;
    this.trying = true;
    this.pool.pool.getConnection((unavailable, connection) => {
      if (unavailable) {
        this.trying = false;
        return;
      }
      const late = setTimeout(() => {
        this.trying = false;
        streamOf(connection).destroy(new SilentDatabase('the database is silent still'));
      }, TRY_MS);
      connection.query('SELECT 1', (error) => {
        clearTimeout(late);
        this.trying = false;
        if (error) return connection.destroy();
        connection.release();
        this.answered();
      });
    });
  }

  /** @param begun when it was asked that had no answer in time: when nobody else had one since, the database is silent to all */
  private silent(what: string, begun?: number): SilentDatabase {
    const now = performance.now();
    if (begun !== undefined && this.answeredAt < begun && !this.asking) {
      this.asking = setInterval(() => this.askAgain(), ASK_AGAIN_MS).unref();
      this.askAgain();
    }
    if (now - this.complainedAt > COMPLAIN_EVERY_MS) {
      this.complainedAt = now;
      this.logger.warn(
        `The database is silent: ${what} within ${this.timeoutMs} ms. Calls are answered RETRY until it answers again. Pool: ` +
          `${this.poolSize} connections, the longest wait for one ${Math.round(this.longestWaitMs)} ms. Check the database ` +
          'server and the way to it; where only the waits are long, raise MYSQL_POOL_SIZE.',
      );
    }
    return new SilentDatabase(`the database is silent: ${what}`);
  }
}

/** mysql2 has it and does not declare it. */
const streamOf = (connection: PoolConnection): Duplex =>
  (connection as PoolConnection & { readonly stream: Duplex }).stream;

import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { Pool, ResultSetHeader } from 'mysql2/promise';
import { AppError } from '../../kernel/errors/app-error';
import { Settings } from '../config/settings';
import { DatabasePool } from './pool';
import { assertOneStatement, type Row, type SqlExecutor, type SqlTransaction, type SqlValue } from './statements';
import { Transaction } from './transaction';
import { isConnectionError, isDeadlock, isFull, isLockTrouble, isLockWait } from './trouble';

export type { LaterResult, Row, SqlExecutor, SqlTransaction, SqlValue } from './statements';
export { isConnectionError, isDuplicateKey, isLockTrouble, isOutcomeToBeFound, isOutcomeUnknown } from './trouble';

/** For so long a node that was told of a full disk is given no work; then the next call tries again. */
const FULL_MS = 10_000;

/**
 * The hot path's door to the database: mysql2's pool without an ORM in between. Statements are text with `?`
 * placeholders (why not prepared: docs/performance.md), in the SQL that MySQL 8 and MariaDB share (docs/adr/0004).
 */
@Injectable()
export class Sql implements SqlExecutor, OnApplicationShutdown {
  private readonly connections: DatabasePool;
  private fullAt = -Infinity;

  constructor({ stores }: Settings) {
    this.connections = new DatabasePool(stores);
  }

  /** For what must stay on one connection without being a transaction. */
  get pool(): Pool {
    return this.connections.pool;
  }

  /** How long whoever waits longest for a connection has waited; 0 when nobody does. */
  get longestWaitMs(): number {
    return this.connections.longestWaitMs;
  }

  /** How long the database has answered nobody; milliseconds. */
  get unheardMs(): number {
    return this.connections.unheardMs;
  }

  /** How long somebody waits for a connection or an answer, or waited lately; milliseconds. */
  get slowestMs(): number {
    return this.connections.slowestMs;
  }

  /** Whether the database has lately said that it has no room. What is stored is the only test, so it is tried again. */
  get isFull(): boolean {
    return performance.now() - this.fullAt < FULL_MS;
  }

  rows<T = Row>(text: string, values: SqlValue[] = []): Promise<T[]> {
    return this.ask(text, values) as Promise<T[]>;
  }

  run(text: string, values: SqlValue[] = []): Promise<ResultSetHeader> {
    return this.ask(text, values) as Promise<ResultSetHeader>;
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
        if (!again) return this.failed(error);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
      }
    }
  }

  private async ask(text: string, values: SqlValue[]): Promise<unknown> {
    assertOneStatement(text);
    const connection = await this.connections.acquire().catch(unavailable);
    try {
      const answer = await this.connections.ask(connection, text, values);
      this.connections.release(connection);
      return answer;
    } catch (error) {
      this.connections.release(connection, error);
      return this.failed(error);
    }
  }

  private failed(error: unknown): never {
    if (isFull(error)) this.fullAt = performance.now();
    return unavailable(error);
  }

  private async once<T>(work: (tx: SqlTransaction) => Promise<T>): Promise<T> {
    const connection = await this.connections.acquire();
    try {
      const transaction = new Transaction((text, values) => this.connections.ask(connection, text, values));
      const result = await work(transaction);
      await transaction.commit();
      this.connections.release(connection);
      return result;
    } catch (error) {
      // Whatever went wrong, an explicit ROLLBACK: after a lock wait the first half would still be open (protocol.md E4).
      if (isConnectionError(error)) this.connections.release(connection, error);
      else
        await this.connections.ask(connection, 'ROLLBACK', []).then(
          () => this.connections.release(connection),
          () => connection.destroy(),
        );
      throw error;
    }
  }

  onApplicationShutdown(): Promise<void> {
    return this.connections.end();
  }
}

/** Turns "the database is away" into the one answer clients understand; everything else passes. */
function unavailable(error: unknown): never {
  if (isConnectionError(error) || isLockTrouble(error)) {
    throw new AppError('RETRY', {}, { cause: error });
  }
  throw error;
}

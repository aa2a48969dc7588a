import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { JsonText, textOf } from '../../../kernel/json-text';
import { isDuplicateKey, Sql } from '../../database/sql';
import { Vault } from '../../secrets/vault';

const KEY_PATTERN = /^[A-Za-z0-9_.:-]{1,64}$/;
/** A first call that is older than this and has no answer has died with its process. */
const ABANDONED_S = 60;
/** How long a repeat waits for the first call, and how often it looks. */
const PATIENCE_MS = 5000;
const PAUSE_MAX_MS = 200;

export interface KeptAnswer {
  status: number;
  body: unknown;
}

/** One creating call under its key. */
export interface KeyedCall {
  /** Who called (`keyOf`). */
  owner: string;
  key: string;
  /** Method and path. */
  call: string;
  body: unknown;
}

interface KeptRow {
  fingerprint: Buffer;
  status: number | null;
  answerSealed: Buffer | null;
  age: number;
}

/** Keeps the answers of creating calls for 24 hours, so that a repeat gets the same one and creates nothing more. */
@Injectable()
export class IdempotencyKeys {
  constructor(
    private readonly sql: Sql,
    private readonly vault: Vault,
  ) {}

  /**
   * Takes the key for this call, or answers what the first call with it answered, waiting for it a while.
   * @throws AppError IDEMPOTENCY_MISMATCH for another content, RETRY when the first call takes too long
   */
  async begin(keyed: KeyedCall): Promise<KeptAnswer | undefined> {
    if (!KEY_PATTERN.test(keyed.key)) throw invalid('Idempotency-Key', 'Must be 1 to 64 of A-Z a-z 0-9 _ . : -');
    const fingerprint = fingerprintOf(keyed);
    const until = performance.now() + PATIENCE_MS;
    while (!(await this.take(keyed, fingerprint))) {
      for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, PAUSE_MAX_MS)) {
        const first = await this.find(keyed, fingerprint);
        // It was refused and gave the key back.
        if (!first) break;
        if (first.answer) return first.answer;
        if (first.age > ABANDONED_S && (await this.takeOver(keyed))) return undefined;
        if (performance.now() > until) {
          throw new AppError('RETRY', { message: 'The first call with this key is still under way.' });
        }
        await sleep(pauseMs);
      }
    }
    return undefined;
  }

  /** Keeps the answer of a call that `begin` let through. */
  async finish({ owner, key }: KeyedCall, answer: KeptAnswer): Promise<void> {
    const sealed = this.vault.seal(textOf(answer.body ?? null), this.place(owner, key));
    await this.sql.run(
      'UPDATE idempotency_keys SET status = ?, answerSealed = ? WHERE owner = ? AND idempotencyKey = ?',
      [answer.status, sealed, owner, key],
    );
  }

  /** Gives the key back after a refusal: nothing was created, so the next call may try again. */
  async abandon({ owner, key }: KeyedCall): Promise<void> {
    await this.sql.run('DELETE FROM idempotency_keys WHERE owner = ? AND idempotencyKey = ? AND status IS NULL', [
      owner,
      key,
    ]);
  }

  /** False when a call had this key before. */
  private async take({ owner, key, call }: KeyedCall, fingerprint: Buffer): Promise<boolean> {
    try {
      await this.sql.run(
        'INSERT INTO idempotency_keys (owner, idempotencyKey, `call`, fingerprint) VALUES (?, ?, ?, ?)',
        [owner, key, call.slice(0, 160), fingerprint],
      );
      return true;
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      return false;
    }
  }

  /** The first call with this key, and what it answered if it has; `age` in seconds. */
  private async find(
    { owner, key }: KeyedCall,
    fingerprint: Buffer,
  ): Promise<{ age: number; answer?: KeptAnswer } | undefined> {
    const [kept] = await this.sql.rows<KeptRow>(
      'SELECT fingerprint, status, answerSealed, TIMESTAMPDIFF(SECOND, createdAt, NOW(3)) AS age FROM idempotency_keys WHERE owner = ? AND idempotencyKey = ?',
      [owner, key],
    );
    if (!kept) return undefined;
    const { age, status, answerSealed } = kept;
    if (!kept.fingerprint.equals(fingerprint)) throw new AppError('IDEMPOTENCY_MISMATCH', { field: 'Idempotency-Key' });
    if (status === null || !answerSealed) return { age };
    return {
      age,
      answer: { status, body: new JsonText(this.vault.open(answerSealed, this.place(owner, key))) },
    };
  }

  /** True for exactly one of those who try. */
  private async takeOver({ owner, key }: KeyedCall): Promise<boolean> {
    const { affectedRows } = await this.sql.run(
      'UPDATE idempotency_keys SET createdAt = NOW(3) WHERE owner = ? AND idempotencyKey = ? AND status IS NULL AND createdAt < DATE_SUB(NOW(3), INTERVAL ? SECOND)',
      [owner, key, ABANDONED_S],
    );
    return affectedRows === 1;
  }

  private place(owner: string, key: string) {
    return { table: 'idempotency_keys', column: 'answerSealed', owner: `${owner}/${key}` };
  }
}

const fingerprintOf = ({ call, body }: KeyedCall): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([call, body ?? null]))
    .digest()
    .subarray(0, 16);

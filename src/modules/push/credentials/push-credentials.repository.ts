import { Injectable } from '@nestjs/common';
import { Sql } from '../../../platform/database/sql';
import type { ProviderName } from '../provider';
import type { PushCredentialRow } from './push-credential.entity';

/** What may be known without opening anything. */
export type KnownCredential = Omit<PushCredentialRow, 'sealed'>;
export type NewCredential = Pick<PushCredentialRow, 'sealed' | 'found' | 'expiresAt'>;
export type CredentialStanding = Pick<PushCredentialRow, 'id' | 'appPk' | 'provider' | 'expiresAt' | 'pausedAt'>;

const SHOWN = 'id, appPk, provider, found, expiresAt, uploadedAt, pausedAt, pausedReason';

/** Statements about push_credentials. */
@Injectable()
export class PushCredentialsRepository {
  constructor(private readonly sql: Sql) {}

  /** Puts it in the place of the one before, which is gone for good; with a number of its own, and nothing paused. */
  replace(
    appPk: number,
    provider: ProviderName,
    { sealed, found, expiresAt }: NewCredential,
  ): Promise<KnownCredential> {
    return this.sql.transaction(async (tx) => {
      await tx.run('DELETE FROM push_credentials WHERE appPk = ? AND provider = ?', [appPk, provider]);
      const { insertId } = await tx.run(
        'INSERT INTO push_credentials (appPk, provider, sealed, found, expiresAt, uploadedAt) VALUES (?, NOW(3))',
        [[appPk, provider, sealed, found, expiresAt]],
      );
      const [row] = await tx.rows<KnownCredential>(`SELECT ${SHOWN} FROM push_credentials WHERE id = ?`, [insertId]);
      if (!row) throw new Error('the credential that was just stored is not there');
      return row;
    });
  }

  /** False when there was none. */
  async remove(appPk: number, provider: ProviderName): Promise<boolean> {
    const { affectedRows } = await this.sql.run('DELETE FROM push_credentials WHERE appPk = ? AND provider = ?', [
      appPk,
      provider,
    ]);
    return affectedRows > 0;
  }

  /** False when another was uploaded meanwhile, or when it was paused before. */
  async pause(version: number, reason: string): Promise<boolean> {
    const { affectedRows } = await this.sql.run(
      'UPDATE push_credentials SET pausedAt = NOW(3), pausedReason = ? WHERE id = ? AND pausedAt IS NULL',
      [reason, version],
    );
    return affectedRows > 0;
  }

  ofApp(appPk: number): Promise<KnownCredential[]> {
    return this.sql.rows<KnownCredential>(`SELECT ${SHOWN} FROM push_credentials WHERE appPk = ? ORDER BY provider`, [
      appPk,
    ]);
  }

  async one(appPk: number, provider: ProviderName): Promise<KnownCredential | undefined> {
    const [row] = await this.sql.rows<KnownCredential>(
      `SELECT ${SHOWN} FROM push_credentials WHERE appPk = ? AND provider = ?`,
      [appPk, provider],
    );
    return row;
  }

  standings(appPks: readonly number[]): Promise<CredentialStanding[]> {
    return this.sql.rows<CredentialStanding>(
      'SELECT id, appPk, provider, expiresAt, pausedAt FROM push_credentials WHERE appPk IN (?)',
      [[...appPks]],
    );
  }

  /** By its number: undefined once another took its place. */
  async sealed(version: number): Promise<Buffer | undefined> {
    const [row] = await this.sql.rows<{ sealed: Buffer }>('SELECT sealed FROM push_credentials WHERE id = ?', [
      version,
    ]);
    return row?.sealed;
  }
}

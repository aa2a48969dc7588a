import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { assignments } from '../../platform/database/assignments';
import { isDuplicateKey, Sql, type SqlExecutor } from '../../platform/database/sql';
import { isId } from './sql-text';
import type { DeveloperRow, DeveloperStatus } from './developer.entity';

export type NewDeveloper = Omit<DeveloperRow, 'id' | 'createdAt'>;
export type DeveloperPatch = Partial<Omit<DeveloperRow, 'id' | 'accountSid' | 'createdAt'>>;

/** What of a developer decides what its apps may do. */
const APPS_FOLLOW = ['status', 'plan', 'quotas'] as const satisfies readonly (keyof DeveloperPatch)[];

/** What every call of a developer is checked against. */
export interface KnownDeveloper {
  readonly pk: number;
  readonly accountSid: string;
  readonly authTokenHash: Buffer;
  readonly status: DeveloperStatus;
}

/** Other characters would make the database compare without the index. */
const EMAIL_BYTES = /^[\x21-\x7e]{3,254}$/;

/** The table of developers. */
@Injectable()
export class DevelopersRepository {
  constructor(private readonly sql: Sql) {}

  /** Throws ALREADY_EXISTS (field `email`). */
  async insert(developer: NewDeveloper): Promise<DeveloperRow> {
    const { text, values } = assignments(developer);
    try {
      const { insertId } = await this.sql.run(`INSERT INTO developers SET ${text}, createdAt = NOW(3)`, values);
      return await this.byPk(insertId);
    } catch (error) {
      if (isDuplicateKey(error)) throw new AppError('ALREADY_EXISTS', { field: 'email' }, { cause: error });
      throw error;
    }
  }

  async pkOf(accountSid: string): Promise<number | undefined> {
    if (!isId(accountSid)) return undefined;
    const [row] = await this.sql.rows<{ id: number }>('SELECT id FROM developers WHERE accountSid = ?', [accountSid]);
    return row?.id;
  }

  async known(pk: number): Promise<KnownDeveloper | undefined> {
    const [row] = await this.sql.rows<KnownDeveloper>(
      'SELECT id AS pk, accountSid, authTokenHash, status FROM developers WHERE id = ?',
      [pk],
    );
    return row;
  }

  /** By e-mail, as signing in needs it. */
  async withPassword(email: string): Promise<(KnownDeveloper & { passwordHash: string }) | undefined> {
    if (!EMAIL_BYTES.test(email)) return undefined;
    const [row] = await this.sql.rows<KnownDeveloper & { passwordHash: string }>(
      'SELECT id AS pk, accountSid, authTokenHash, status, passwordHash FROM developers WHERE email = ?',
      [email],
    );
    return row;
  }

  /** Throws DEVELOPER_NOT_FOUND. */
  async byPk(pk: number): Promise<DeveloperRow> {
    const [row] = await this.sql.rows<DeveloperRow>('SELECT * FROM developers WHERE id = ?', [pk]);
    if (!row) throw new AppError('DEVELOPER_NOT_FOUND');
    return row;
  }

  /** Newest first; `before` is exclusive. */
  page(rows: number, before: number | undefined, status: DeveloperStatus | undefined): Promise<DeveloperRow[]> {
    return this.sql.rows<DeveloperRow>(
      `SELECT * FROM developers WHERE id < ? ${status ? 'AND status = ?' : ''} ORDER BY id DESC LIMIT ?`,
      [before ?? Number.MAX_SAFE_INTEGER, ...(status ? [status] : []), rows],
    );
  }

  /**
   * Writes what `decide` makes of the locked row; undefined changes nothing. Where it decides what the developer's apps
   * may do, their versions rise with it and their keys come back. Throws DEVELOPER_NOT_FOUND.
   */
  change(
    accountSid: string,
    decide: (row: DeveloperRow) => DeveloperPatch | undefined,
  ): Promise<{ row: DeveloperRow; appPks: number[] }> {
    return this.sql.transaction(async (tx) => {
      if (!isId(accountSid)) throw new AppError('DEVELOPER_NOT_FOUND');
      const [row] = await tx.rows<DeveloperRow>('SELECT * FROM developers WHERE accountSid = ? FOR UPDATE', [
        accountSid,
      ]);
      if (!row) throw new AppError('DEVELOPER_NOT_FOUND');
      const patch = decide(row);
      if (!patch) return { row, appPks: [] };
      const { text, values } = assignments(patch);
      await tx.run(`UPDATE developers SET ${text} WHERE id = ?`, [...values, row.id]);
      if (!APPS_FOLLOW.some((column) => column in patch)) return { row: { ...row, ...patch }, appPks: [] };
      await tx.run('UPDATE apps SET version = version + 1 WHERE developerPk = ?', [row.id]);
      const apps = await tx.rows<{ id: number }>('SELECT id FROM apps WHERE developerPk = ?', [row.id]);
      return { row: { ...row, ...patch }, appPks: apps.map(({ id }) => id) };
    });
  }

  /** Holds the developer's row, so that what is decided about its apps is decided one after the other. */
  async lock(tx: SqlExecutor, pk: number): Promise<DeveloperRow> {
    const [row] = await tx.rows<DeveloperRow>('SELECT * FROM developers WHERE id = ? FOR UPDATE', [pk]);
    if (!row) throw new AppError('DEVELOPER_NOT_FOUND');
    return row;
  }
}

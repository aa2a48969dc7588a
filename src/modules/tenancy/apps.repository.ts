import { Injectable } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { assignments } from '../../platform/database/assignments';
import { type ReadRows, rowsWithin } from '../../platform/database/sized-rows';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import type { AppRow, AppSecretRow } from './app.entity';
import type { AppSettings } from './app-settings';
import { isId } from './sql-text';
import type { DeveloperRow, DeveloperStatus } from './developer.entity';
import { DevelopersRepository } from './developers.repository';
import { PLANS, quotaExceeded, quotasOf, type Plan } from './plans';

export type NewApp = Omit<
  AppRow,
  | 'id'
  | 'version'
  | 'tokensValidFrom'
  | 'createdAt'
  | 'deletedAt'
  | 'resumesTo'
  | 'previousTokenHash'
  | 'previousTokenUntil'
>;
export type NewSecret = Pick<AppSecretRow, 'kid' | 'sealed' | 'hash'>;
export type AppPatch = Partial<
  Pick<
    AppRow,
    | 'name'
    | 'status'
    | 'resumesTo'
    | 'settings'
    | 'tokensValidFrom'
    | 'wentOnlineAt'
    | 'deletedAt'
    | 'appTokenSealed'
    | 'appTokenHash'
    | 'previousTokenHash'
    | 'previousTokenUntil'
  >
>;

export interface KnownSecret extends NewSecret {
  expiresAt: Date | null;
}

/** All that decides what an app may do, as one statement saw it. */
export interface KnownApp extends Pick<
  AppRow,
  'appId' | 'developerPk' | 'accountMode' | 'status' | 'previousTokenHash' | 'previousTokenUntil'
> {
  version: number;
  settings: string;
  tokensValidFrom: number;
  appTokenHash: Buffer;
  developerStatus: DeveloperStatus;
  plan: Plan;
  quotas: string | null;
  secrets: KnownSecret[];
}

/** What may be long of an app: its settings, which come with one call after another of at most a frame. */
const APP_BYTES = { bytes: 'LENGTH(settings)', rowBytesMax: 96 * 1024 };

type KnownRow = Omit<KnownApp, 'secrets'> & { [K in keyof KnownSecret]: KnownSecret[K] | null };

/** The tables of apps and of their secrets. */
@Injectable()
export class AppsRepository {
  constructor(
    private readonly sql: Sql,
    private readonly developers: DevelopersRepository,
  ) {}

  /** Stores an app with its first secret. Throws QUOTA_EXCEEDED (`apps`). */
  insert(app: NewApp, secret: NewSecret): Promise<AppRow> {
    return this.sql.transaction(async (tx) => {
      const developer = await this.developers.lock(tx, app.developerPk);
      const limit = quotasOf(developer.plan as Plan, developer.quotas).apps;
      if (limit !== undefined && (await this.count(tx, developer.id)) >= limit) throw quotaExceeded('apps', limit);

      const { text, values } = assignments(app);
      const { insertId } = await tx.run(`INSERT INTO apps SET ${text}, createdAt = NOW(3)`, values);
      await this.insertSecret(tx, insertId, secret);
      return this.locked(tx, insertId);
    });
  }

  async pkOf(appId: string): Promise<number | undefined> {
    if (!isId(appId)) return undefined;
    const [row] = await this.sql.rows<{ id: number }>('SELECT id FROM apps WHERE appId = ?', [appId]);
    return row?.id;
  }

  /** Apps whose history may be limited, by their settings, by what was agreed with their developer or by its plan. */
  async perhapsLimited(): Promise<number[]> {
    const rows = await this.sql.rows<{ id: number }>(
      `SELECT a.id FROM apps a JOIN developers d ON d.id = a.developerPk
        WHERE a.deletedAt IS NULL
          AND (a.settings LIKE '%istoryDays"%' OR d.quotas LIKE '%"historyDays"%' OR d.plan IN (?))`,
      [Object.entries(PLANS).flatMap(([plan, { historyDays }]) => (historyDays === undefined ? [] : [plan]))],
    );
    return rows.map(({ id }) => id);
  }

  /** Apps that have set this one of their settings. */
  async thatSet(setting: keyof AppSettings): Promise<number[]> {
    const rows = await this.sql.rows<{ id: number }>(
      'SELECT id FROM apps WHERE deletedAt IS NULL AND settings LIKE ?',
      [`%"${setting}"%`],
    );
    return rows.map(({ id }) => id);
  }

  async known(pk: number): Promise<KnownApp | undefined> {
    const rows = await this.sql.rows<KnownRow>(
      `SELECT a.appId, a.developerPk, a.accountMode, a.status, a.version, a.settings, a.tokensValidFrom, a.appTokenHash,
              a.previousTokenHash, a.previousTokenUntil,
              d.status AS developerStatus, d.plan, d.quotas, s.kid, s.sealed, s.hash, s.expiresAt
         FROM apps a
         JOIN developers d ON d.id = a.developerPk
         LEFT JOIN app_secrets s ON s.appPk = a.id AND (s.expiresAt IS NULL OR s.expiresAt > NOW(3))
        WHERE a.id = ? AND a.deletedAt IS NULL
        ORDER BY s.kid DESC`,
      [pk],
    );
    const [first] = rows;
    if (!first) return undefined;
    const secrets = rows.flatMap(({ kid, sealed, hash, expiresAt }) =>
      kid !== null && sealed !== null && hash !== null ? [{ kid, sealed, hash, expiresAt }] : [],
    );
    return { ...first, secrets };
  }

  /** The developer's own app. Throws APP_NOT_FOUND, also for another's. */
  async own(developerPk: number, appId: string): Promise<AppRow> {
    if (!isId(appId)) throw new AppError('APP_NOT_FOUND');
    const [row] = await this.sql.rows<AppRow>(
      'SELECT * FROM apps WHERE appId = ? AND developerPk = ? AND deletedAt IS NULL',
      [appId, developerPk],
    );
    if (!row) throw new AppError('APP_NOT_FOUND');
    return row;
  }

  /** Newest first; `before` is exclusive. */
  page(
    developerPk: number,
    before = Number.MAX_SAFE_INTEGER,
    { limit, maxBytes }: { limit: number; maxBytes: number },
  ): Promise<ReadRows<AppRow>> {
    const range = 'FROM apps WHERE developerPk = ? AND id < ? AND deletedAt IS NULL ORDER BY id DESC';
    const sized = { columns: '*', range, values: [developerPk, before], ...APP_BYTES };
    return rowsWithin<AppRow>(this.sql, sized, limit, maxBytes);
  }

  /**
   * Writes what `decide` makes of the locked app and of its locked developer, and raises the version; undefined changes
   * nothing. `developerPk` undefined is the operator, who may change every app. Throws APP_NOT_FOUND.
   */
  change(
    developerPk: number | undefined,
    appId: string,
    decide: (app: AppRow, developer: DeveloperRow) => AppPatch | undefined,
  ): Promise<AppRow> {
    return this.sql.transaction(async (tx) => {
      const { app, developer } = await this.lock(tx, developerPk, appId);
      const patch = decide(app, developer);
      if (!patch) return app;
      const { text, values } = assignments({ ...patch, version: app.version + 1 });
      await tx.run(`UPDATE apps SET ${text} WHERE id = ?`, [...values, app.id]);
      return this.locked(tx, app.id);
    });
  }

  /**
   * Puts a new secret in the current one's place, which stays valid for `overlapSeconds`; an older one still valid ends
   * now, so that two are live at most. `make` is given the next kid. Throws APP_NOT_FOUND.
   */
  rotate(
    developerPk: number,
    appId: string,
    overlapSeconds: number,
    make: (kid: number) => NewSecret,
  ): Promise<{ app: AppRow; secret: NewSecret; previous: KnownSecret | undefined }> {
    return this.sql.transaction(async (tx) => {
      const { app } = await this.lock(tx, developerPk, appId);
      const [newest] = await tx.rows<{ kid: number }>('SELECT MAX(kid) AS kid FROM app_secrets WHERE appPk = ?', [
        app.id,
      ]);
      const current = newest?.kid ?? 0;
      const secret = make(current + 1);
      await tx.run('DELETE FROM app_secrets WHERE appPk = ? AND kid < ?', [app.id, current]);
      await tx.run('UPDATE app_secrets SET expiresAt = NOW(3) + INTERVAL ? SECOND WHERE appPk = ?', [
        overlapSeconds,
        app.id,
      ]);
      await this.insertSecret(tx, app.id, secret);
      await tx.run('UPDATE apps SET version = version + 1 WHERE id = ?', [app.id]);
      const [previous] = await tx.rows<KnownSecret>(
        'SELECT kid, sealed, hash, expiresAt FROM app_secrets WHERE appPk = ? AND kid = ?',
        [app.id, current],
      );
      return { app, secret, previous };
    });
  }

  /** The developer first, then its app: the order in which everything here locks. */
  private async lock(
    tx: SqlExecutor,
    developerPk: number | undefined,
    appId: string,
  ): Promise<{ app: AppRow; developer: DeveloperRow }> {
    if (!isId(appId)) throw new AppError('APP_NOT_FOUND');
    const [seen] = await tx.rows<{ id: number; developerPk: number }>(
      'SELECT id, developerPk FROM apps WHERE appId = ?',
      [appId],
    );
    if (!seen || (developerPk !== undefined && developerPk !== seen.developerPk)) throw new AppError('APP_NOT_FOUND');
    const developer = await this.developers.lock(tx, seen.developerPk);
    const app = await this.locked(tx, seen.id);
    if (app.deletedAt) throw new AppError('APP_NOT_FOUND');
    return { app, developer };
  }

  private async locked(tx: SqlExecutor, pk: number): Promise<AppRow> {
    const [row] = await tx.rows<AppRow>('SELECT * FROM apps WHERE id = ? FOR UPDATE', [pk]);
    if (!row) throw new AppError('APP_NOT_FOUND');
    return row;
  }

  private async count(tx: SqlExecutor, developerPk: number): Promise<number> {
    const [row] = await tx.rows<{ apps: number }>(
      'SELECT COUNT(*) AS apps FROM apps WHERE developerPk = ? AND deletedAt IS NULL',
      [developerPk],
    );
    return row?.apps ?? 0;
  }

  private async insertSecret(tx: SqlExecutor, appPk: number, secret: NewSecret): Promise<void> {
    const { text, values } = assignments({ appPk, ...secret });
    await tx.run(`INSERT INTO app_secrets SET ${text}, createdAt = NOW(3)`, values);
  }
}

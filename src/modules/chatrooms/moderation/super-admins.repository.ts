import { Injectable } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';

/** Statements about the super-admins of an app. */
@Injectable()
export class SuperAdminsRepository {
  constructor(private readonly sql: Sql) {}

  /** @param executor - the transaction to read in; outside of one when absent */
  async has(appPk: number, userPk: number, executor: SqlExecutor = this.sql): Promise<boolean> {
    const rows = await executor.rows('SELECT userPk FROM chatroom_super_admins WHERE appPk = ? AND userPk = ?', [
      appPk,
      userPk,
    ]);
    return rows.length > 0;
  }

  async add(appPk: number, userPk: number): Promise<void> {
    await this.sql.run('INSERT IGNORE INTO chatroom_super_admins (appPk, userPk) VALUES (?)', [[appPk, userPk]]);
  }

  async remove(appPk: number, userPk: number): Promise<void> {
    await this.sql.run('DELETE FROM chatroom_super_admins WHERE appPk = ? AND userPk = ?', [appPk, userPk]);
  }

  /** In the order of their keys, without deleted users. */
  page(appPk: number, after: number, limit: number): Promise<{ userPk: number; userId: string }[]> {
    return this.sql.rows(
      `SELECT s.userPk, u.userId FROM chatroom_super_admins s JOIN users u ON u.id = s.userPk
        WHERE s.appPk = ? AND s.userPk > ? AND u.status <> 'deleted' ORDER BY s.userPk LIMIT ?`,
      [appPk, after, limit],
    );
  }
}

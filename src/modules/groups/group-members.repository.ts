import { Injectable } from '@nestjs/common';
import { assignments } from '../../platform/database/assignments';
import { Sql, type SqlExecutor } from '../../platform/database/sql';
import type { Role } from './group.entity';
import type { GroupMemberRecord, GroupRecord } from './group-records';

/** Statements about who is in a group, and as what. */
@Injectable()
export class GroupMembersRepository {
  constructor(private readonly sql: Sql) {}

  async insert(tx: SqlExecutor, { id, appPk }: GroupRecord, userPks: readonly number[], role: Role): Promise<void> {
    if (userPks.length === 0) return;
    await tx.run('INSERT INTO group_members (groupPk, userPk, appPk, role) VALUES ?', [
      userPks.map((userPk) => [id, userPk, appPk, role]),
    ]);
  }

  async remove(tx: SqlExecutor, groupPk: number, userPk: number): Promise<void> {
    await tx.run('DELETE FROM group_members WHERE groupPk = ? AND userPk = ?', [groupPk, userPk]);
  }

  async setRole(tx: SqlExecutor, groupPk: number, userPk: number, role: Role): Promise<void> {
    await tx.run('UPDATE group_members SET role = ? WHERE groupPk = ? AND userPk = ?', [role, groupPk, userPk]);
  }

  async change(
    tx: SqlExecutor,
    groupPk: number,
    userPk: number,
    patch: { nickname?: string | null; attributes?: string | null },
  ): Promise<void> {
    const { text, values } = assignments(patch);
    if (!text) return;
    await tx.run(`UPDATE group_members SET ${text} WHERE groupPk = ? AND userPk = ?`, [...values, groupPk, userPk]);
  }

  page(groupPk: number, after: number, limit: number, executor: SqlExecutor = this.sql): Promise<GroupMemberRecord[]> {
    return executor.rows<GroupMemberRecord>(`${MEMBERS} AND m.userPk > ? ORDER BY m.userPk LIMIT ?`, [
      groupPk,
      after,
      limit,
    ]);
  }

  async one(groupPk: number, userPk: number, executor: SqlExecutor = this.sql): Promise<GroupMemberRecord | undefined> {
    const [row] = await executor.rows<GroupMemberRecord>(`${MEMBERS} AND m.userPk = ?`, [groupPk, userPk]);
    return row;
  }

  /** Deleted or not: its row. */
  async has(tx: SqlExecutor, groupPk: number, userPk: number): Promise<boolean> {
    const rows = await tx.rows('SELECT userPk FROM group_members WHERE groupPk = ? AND userPk = ?', [groupPk, userPk]);
    return rows.length > 0;
  }

  /** Who follows an owner that is no more: the admin who is in longest, else the member who is. */
  async heir(
    tx: SqlExecutor,
    groupPk: number,
    ownerPk: number,
  ): Promise<{ userPk: number; userId: string } | undefined> {
    const [heir] = await tx.rows<{ userPk: number; userId: string }>(
      `SELECT m.userPk, u.userId FROM group_members m JOIN users u ON u.id = m.userPk AND u.status <> 'deleted'
        WHERE m.groupPk = ? AND m.userPk <> ?
        ORDER BY u.status = 'active' DESC, m.role = 'admin' DESC, m.joinedAt, m.userPk LIMIT 1`,
      [groupPk, ownerPk],
    );
    return heir;
  }

  /** The owner, if it is in, and the admins. */
  async managers(executor: SqlExecutor, groupPk: number): Promise<number[]> {
    const rows = await executor.rows<{ userPk: number }>(
      "SELECT userPk FROM group_members WHERE groupPk = ? AND role <> 'member'",
      [groupPk],
    );
    return rows.map(({ userPk }) => userPk);
  }
}

const MEMBERS = `SELECT m.userPk, u.userId, m.role, m.nickname, m.attributes, m.joinedAt,
    IF(s.mutedUntil > NOW(3), s.mutedUntil, NULL) AS mutedUntil
  FROM group_members m JOIN users u ON u.id = m.userPk AND u.status <> 'deleted'
  LEFT JOIN group_sanctions s ON s.groupPk = m.groupPk AND s.userPk = m.userPk WHERE m.groupPk = ?`;

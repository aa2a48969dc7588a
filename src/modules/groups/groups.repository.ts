import { Injectable } from '@nestjs/common';
import type { GroupLine } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import { assignments } from '../../platform/database/assignments';
import { type ReadRows, rowsWithin } from '../../platform/database/sized-rows';
import { isDuplicateKey, Sql, type SqlExecutor } from '../../platform/database/sql';
import { type Lasting, untilSql } from '../../platform/database/until';
import type { ConversationCard } from '../conversations';
import type { Role } from './group.entity';
import { type GroupRecord, type NewGroup, type Standing, SWITCHES } from './group-records';

const COLUMNS = [
  'id, appPk, groupId, name, introduction, announcement, attributes, visibility, status, ownerPk, maxMembers, memberCount',
  'muteAll, createdAt',
  ...SWITCHES,
]
  .join(', ')
  .split(', ');
const ALL = COLUMNS.join(', ');
const OF_GROUPS = COLUMNS.map((column) => `g.${column}`).join(', ');

/** What may be long of a group: introduction, announcement and attributes. */
const GROUP_BYTES = {
  bytes: ['introduction', 'announcement', 'attributes'].map((text) => `COALESCE(LENGTH(${text}), 0)`).join(' + '),
  rowBytesMax: 26 * 1024,
};

/** How much of a list is read at most. */
export interface PageSize {
  readonly limit: number;
  readonly maxBytes: number;
}

export type GroupPatch = Partial<Omit<GroupRecord, 'id' | 'appPk' | 'groupId' | 'createdAt'>>;

/** Statements about groups and about how users stand in them. */
@Injectable()
export class GroupsRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws AppError ALREADY_EXISTS: also where a dissolved group had the id */
  async insert(tx: SqlExecutor, appPk: number, group: NewGroup): Promise<number> {
    const { groupId, name, introduction, visibility, ownerPk, maxMembers } = group;
    const values = [appPk, groupId, name, introduction, visibility, 'active', ownerPk, maxMembers];
    try {
      const { insertId } = await tx.run(
        `INSERT INTO chat_groups (appPk, groupId, name, introduction, visibility, status, ownerPk, maxMembers, ${SWITCHES.join(', ')})
         VALUES (?)`,
        [[...values, ...SWITCHES.map((name) => group[name])]],
      );
      return insertId;
    } catch (error) {
      if (isDuplicateKey(error)) throw new AppError('ALREADY_EXISTS', { field: 'groupId' }, { cause: error });
      throw error;
    }
  }

  async byPk(pk: number, executor: SqlExecutor = this.sql): Promise<GroupRecord | undefined> {
    const [row] = await executor.rows<GroupRecord>(`SELECT ${ALL} FROM chat_groups WHERE id = ?`, [pk]);
    return row;
  }

  async pkOf(appPk: number, groupId: string): Promise<number | undefined> {
    const [row] = await this.sql.rows<{ id: number }>('SELECT id FROM chat_groups WHERE appPk = ? AND groupId = ?', [
      appPk,
      groupId,
    ]);
    return row?.id;
  }

  async idsOf(pks: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.sql.rows<{ id: number; groupId: string }>(
      'SELECT id, groupId FROM chat_groups WHERE id IN (?)',
      [[...pks]],
    );
    return new Map(rows.map(({ id, groupId }) => [id, groupId]));
  }

  async namesOf(pks: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.sql.rows<{ id: number; name: string }>('SELECT id, name FROM chat_groups WHERE id IN (?)', [
      [...pks],
    ]);
    return new Map(rows.map(({ id, name }) => [id, name]));
  }

  async cardsOf(pks: readonly number[]): Promise<Map<number, ConversationCard>> {
    const rows = await this.sql.rows<GroupLine & { id: number }>(
      'SELECT id, groupId, name, visibility, memberCount FROM chat_groups WHERE id IN (?)',
      [[...pks]],
    );
    return new Map(rows.map(({ id, ...group }) => [id, { title: group.name, group }]));
  }

  /** In the order of their ids, without the dissolved. */
  page(
    appPk: number,
    onlyPublic: boolean,
    after: string,
    { limit, maxBytes }: PageSize,
  ): Promise<ReadRows<GroupRecord>> {
    const range = `FROM chat_groups WHERE appPk = ? AND groupId > ? AND status <> 'dissolved'
         ${onlyPublic ? "AND visibility = 'public'" : ''} ORDER BY groupId`;
    const sized = { columns: ALL, range, values: [appPk, after], ...GROUP_BYTES };
    return rowsWithin<GroupRecord>(this.sql, sized, limit, maxBytes);
  }

  /** The groups a user is in, in the order of their keys. */
  ofUser(
    userPk: number,
    after: number,
    { limit, maxBytes }: PageSize,
  ): Promise<ReadRows<GroupRecord & { role: Role }>> {
    const range = `FROM group_members m JOIN chat_groups g ON g.id = m.groupPk
        WHERE m.userPk = ? AND m.groupPk > ? AND g.status <> 'dissolved' ORDER BY m.groupPk`;
    const columns = `${OF_GROUPS}, m.role`;
    const bytes = GROUP_BYTES.bytes.replaceAll('LENGTH(', 'LENGTH(g.');
    const sized = { columns, range, values: [userPk, after], ...GROUP_BYTES, bytes };
    return rowsWithin<GroupRecord & { role: Role }>(this.sql, sized, limit, maxBytes);
  }

  /** Groups that a user is in or owns. */
  async heldBy(userPk: number, limit: number): Promise<string[]> {
    const rows = await this.sql.rows<{ groupId: string }>(
      `SELECT g.groupId FROM group_members m JOIN chat_groups g ON g.id = m.groupPk
        WHERE m.userPk = ? AND g.status <> 'dissolved'
       UNION SELECT groupId FROM chat_groups WHERE ownerPk = ? AND status <> 'dissolved' LIMIT ?`,
      [userPk, userPk, limit],
    );
    return rows.map(({ groupId }) => groupId);
  }

  async change(tx: SqlExecutor, pk: number, patch: GroupPatch): Promise<void> {
    const { text, values } = assignments(patch);
    if (text) await tx.run(`UPDATE chat_groups SET ${text} WHERE id = ?`, [...values, pk]);
  }

  /** Those of these users who live, and go on living until the transaction's end. */
  async lockLiving(tx: SqlExecutor, userPks: readonly number[]): Promise<number[]> {
    const rows = await tx.rows<{ id: number }>(
      "SELECT id FROM users WHERE id IN (?) AND status <> 'deleted' ORDER BY id LOCK IN SHARE MODE",
      [[...userPks]],
    );
    return rows.map(({ id }) => id);
  }

  /** Before rows that belong to it: the order in which everybody locks. */
  async lockUser(tx: SqlExecutor, userPk: number): Promise<void> {
    await tx.rows('SELECT id FROM users WHERE id = ? FOR UPDATE', [userPk]);
  }

  /** How these users stand: every one of them who lives is answered. */
  async standings(
    executor: SqlExecutor,
    groupPk: number,
    userPks: readonly number[],
  ): Promise<ReadonlyMap<number, Standing>> {
    if (userPks.length === 0) return new Map();
    const rows = await executor.rows<Standing>(
      `SELECT u.id AS userPk, m.role, COALESCE(s.banned, 0) AS banned, s.mutedUntil,
              COALESCE(s.mutedUntil > NOW(3), 0) AS muted, COALESCE(s.maySpeak, 0) AS maySpeak
         FROM users u
         LEFT JOIN group_members m ON m.groupPk = ? AND m.userPk = u.id
         LEFT JOIN group_sanctions s ON s.groupPk = ? AND s.userPk = u.id
        WHERE u.id IN (?) AND u.status <> 'deleted'`,
      [groupPk, groupPk, [...userPks]],
    );
    return new Map(rows.map((row) => [row.userPk, row]));
  }

  async sanction(
    tx: SqlExecutor,
    { id, appPk }: GroupRecord,
    userPk: number,
    set: { banned?: boolean; maySpeak?: boolean; muted?: Lasting },
  ): Promise<void> {
    await tx.run('INSERT IGNORE INTO group_sanctions (groupPk, userPk, appPk) VALUES (?)', [[id, userPk, appPk]]);
    const { muted, ...flags } = set;
    const { text, values } = assignments(flags, muted === undefined ? {} : { mutedUntil: untilSql(muted) });
    await tx.run(`UPDATE group_sanctions SET ${text} WHERE groupPk = ? AND userPk = ?`, [...values, id, userPk]);
  }

  sanctioned(
    groupPk: number,
    what: 'banned' | 'muted' | 'maySpeak',
    after: number,
    limit: number,
  ): Promise<{ userPk: number; userId: string; mutedUntil: Date | null }[]> {
    const holds = { banned: 's.banned = 1', muted: 's.mutedUntil > NOW(3)', maySpeak: 's.maySpeak = 1' }[what];
    return this.sql.rows(
      `SELECT s.userPk, u.userId, s.mutedUntil FROM group_sanctions s JOIN users u ON u.id = s.userPk
        WHERE s.groupPk = ? AND s.userPk > ? AND ${holds} ORDER BY s.userPk LIMIT ?`,
      [groupPk, after, limit],
    );
  }
}

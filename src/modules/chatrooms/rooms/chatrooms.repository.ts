import { Injectable } from '@nestjs/common';
import { AppError } from '../../../kernel/errors/app-error';
import { assignments } from '../../../platform/database/assignments';
import { type ReadRows, rowsWithin } from '../../../platform/database/sized-rows';
import { isDuplicateKey, Sql, type SqlExecutor } from '../../../platform/database/sql';
import type { ConversationCard } from '../../conversations';
import { type ChatroomRecord, type NewChatroom, ROOM_FLAGS } from './chatroom-records';

const COLUMNS = [
  'id, appPk, chatroomId, name, description, announcement, status, ownerPk, maxMembers, muteAll, slowModeSeconds',
  'distributionStopped, firstSeq, openedVersion, createdAt',
  ...ROOM_FLAGS,
]
  .join(', ')
  .split(', ');
const ALL = COLUMNS.join(', ');

/** What may be long of a room: description and announcement. */
const ROOM_BYTES = {
  bytes: 'COALESCE(LENGTH(description), 0) + COALESCE(LENGTH(announcement), 0)',
  rowBytesMax: 21 * 1024,
};

export type ChatroomPatch = Partial<Omit<ChatroomRecord, 'id' | 'appPk' | 'chatroomId' | 'createdAt'>>;

/** Statements about rooms themselves. */
@Injectable()
export class ChatroomsRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws AppError ALREADY_EXISTS: also where a closed room has the id, which is opened again instead */
  async insert(tx: SqlExecutor, appPk: number, room: NewChatroom): Promise<number> {
    const { chatroomId, name, description, ownerPk, maxMembers, slowModeSeconds } = room;
    const values = [appPk, chatroomId, name, description, 'active', ownerPk, maxMembers, slowModeSeconds];
    try {
      const { insertId } = await tx.run(
        `INSERT INTO chatrooms (appPk, chatroomId, name, description, status, ownerPk, maxMembers, slowModeSeconds,
           ${ROOM_FLAGS.join(', ')}) VALUES (?)`,
        [[...values, ...ROOM_FLAGS.map((name) => room[name])]],
      );
      return insertId;
    } catch (error) {
      if (isDuplicateKey(error)) throw new AppError('ALREADY_EXISTS', { field: 'chatroomId' }, { cause: error });
      throw error;
    }
  }

  async byPk(pk: number, executor: SqlExecutor = this.sql): Promise<ChatroomRecord | undefined> {
    const [row] = await executor.rows<ChatroomRecord>(`SELECT ${ALL} FROM chatrooms WHERE id = ?`, [pk]);
    return row;
  }

  async pkOf(appPk: number, chatroomId: string): Promise<number | undefined> {
    const [row] = await this.sql.rows<{ id: number }>('SELECT id FROM chatrooms WHERE appPk = ? AND chatroomId = ?', [
      appPk,
      chatroomId,
    ]);
    return row?.id;
  }

  async idsOf(pks: readonly number[]): Promise<Map<number, string>> {
    const rows = await this.sql.rows<{ id: number; chatroomId: string }>(
      'SELECT id, chatroomId FROM chatrooms WHERE id IN (?)',
      [[...pks]],
    );
    return new Map(rows.map(({ id, chatroomId }) => [id, chatroomId]));
  }

  async cardsOf(pks: readonly number[]): Promise<Map<number, ConversationCard>> {
    const rows = await this.sql.rows<{ id: number; name: string }>('SELECT id, name FROM chatrooms WHERE id IN (?)', [
      [...pks],
    ]);
    return new Map(rows.map(({ id, name }) => [id, { title: name }]));
  }

  /** Open rooms in the order of their ids. */
  page(
    appPk: number,
    after: string,
    { limit, maxBytes }: { limit: number; maxBytes: number },
  ): Promise<ReadRows<ChatroomRecord>> {
    const range = "FROM chatrooms WHERE appPk = ? AND chatroomId > ? AND status = 'active' ORDER BY chatroomId";
    const sized = { columns: ALL, range, values: [appPk, after], ...ROOM_BYTES };
    return rowsWithin<ChatroomRecord>(this.sql, sized, limit, maxBytes);
  }

  /** The ids of open rooms, in their order. */
  async openIds(appPk: number, after: string, limit: number): Promise<string[]> {
    const rows = await this.sql.rows<{ chatroomId: string }>(
      "SELECT chatroomId FROM chatrooms WHERE appPk = ? AND chatroomId > ? AND status = 'active' ORDER BY chatroomId LIMIT ?",
      [appPk, after, limit],
    );
    return rows.map(({ chatroomId }) => chatroomId);
  }

  async change(tx: SqlExecutor, pk: number, patch: ChatroomPatch): Promise<void> {
    const { text, values } = assignments(patch);
    if (text) await tx.run(`UPDATE chatrooms SET ${text} WHERE id = ?`, [...values, pk]);
  }

  /** Somebody is in these. */
  async touch(pks: readonly number[]): Promise<void> {
    if (pks.length > 0) await this.sql.run('UPDATE chatrooms SET activeAt = NOW(3) WHERE id IN (?)', [[...pks]]);
  }

  /** A closed room opened again: nothing but its log goes on, and that is read from here on only. */
  async reopen(
    tx: SqlExecutor,
    pk: number,
    { chatroomId: _, ...room }: NewChatroom,
    from: Pick<ChatroomRecord, 'firstSeq' | 'openedVersion'>,
  ): Promise<void> {
    await tx.run('DELETE FROM chatroom_attributes WHERE chatroomPk = ?', [pk]);
    // A visit from before must not count again, so who was removed stays noted.
    await tx.run(
      'UPDATE chatroom_standings SET admin = 0, banned = 0, mutedUntil = NULL, maySpeak = 0 WHERE chatroomPk = ?',
      [pk],
    );
    const fresh = { announcement: null, muteAll: 0, distributionStopped: 0, status: 'active' as const, ...from };
    await this.change(tx, pk, { ...room, ...fresh });
    await tx.run('UPDATE chatrooms SET activeAt = NOW(3), createdAt = NOW(3) WHERE id = ?', [pk]);
  }

  /** Rooms of an app in which nobody was and nothing was said for so long. */
  async idle(appPk: number, minutes: number, limit: number): Promise<{ id: number; chatroomId: string }[]> {
    return this.sql.rows(
      `SELECT r.id, r.chatroomId FROM chatrooms r
         JOIN conversations c ON c.appPk = r.appPk AND c.kind = 3 AND c.lowPk = r.id AND c.highPk = 0
        WHERE r.appPk = ? AND r.status = 'active' AND r.keepAlive = 0
          AND r.activeAt < DATE_SUB(NOW(3), INTERVAL ? MINUTE)
          AND COALESCE(c.lastAt, r.activeAt) < DATE_SUB(NOW(3), INTERVAL ? MINUTE) ORDER BY r.activeAt LIMIT ?`,
      [appPk, minutes, minutes, limit],
    );
  }

  async isSuperAdmin(executor: SqlExecutor, appPk: number, userPk: number): Promise<boolean> {
    const rows = await executor.rows('SELECT userPk FROM chatroom_super_admins WHERE appPk = ? AND userPk = ?', [
      appPk,
      userPk,
    ]);
    return rows.length > 0;
  }

  async setSuperAdmin(appPk: number, userPk: number, superAdmin: boolean): Promise<void> {
    if (superAdmin) {
      await this.sql.run('INSERT IGNORE INTO chatroom_super_admins (appPk, userPk) VALUES (?)', [[appPk, userPk]]);
    } else await this.sql.run('DELETE FROM chatroom_super_admins WHERE appPk = ? AND userPk = ?', [appPk, userPk]);
  }

  superAdmins(appPk: number, after: number, limit: number): Promise<{ userPk: number; userId: string }[]> {
    return this.sql.rows(
      `SELECT s.userPk, u.userId FROM chatroom_super_admins s JOIN users u ON u.id = s.userPk
        WHERE s.appPk = ? AND s.userPk > ? AND u.status <> 'deleted' ORDER BY s.userPk LIMIT ?`,
      [appPk, after, limit],
    );
  }
}

import { Injectable } from '@nestjs/common';
import { AppError } from '../../../kernel/errors/app-error';
import { assignments } from '../../../platform/database/assignments';
import { type ReadRows, rowsWithin } from '../../../platform/database/sized-rows';
import { isDuplicateKey, Sql, type SqlExecutor } from '../../../platform/database/sql';
import type { ConversationCard } from '../../conversations';
import { type ChatroomRecord, type NewChatroom, ROOM_FLAGS, type RoomState } from './chatroom-records';

const COLUMNS = [
  'id, appPk, chatroomId, name, description, announcement, status, ownerPk, maxMembers, muteAll, slowModeSeconds',
  'distributionStopped, firstSeq, openedVersion, createdAt',
  ...ROOM_FLAGS,
]
  .join(', ')
  .split(', ');
const ALL = COLUMNS.join(', ');

/** The columns of a room that may be long: description and announcement. */
const ROOM_BYTES = {
  bytes: 'COALESCE(LENGTH(description), 0) + COALESCE(LENGTH(announcement), 0)',
  rowBytesMax: 21 * 1024,
};

export type ChatroomPatch = Partial<Omit<ChatroomRecord, 'id' | 'appPk' | 'chatroomId' | 'createdAt'>>;

/** What decides whether a user may send to a room, of the room itself. */
export type RoomSendRules = Pick<
  ChatroomRecord,
  'id' | 'status' | 'muteAll' | 'slowModeSeconds' | 'ownerPk' | 'openedVersion'
>;

/** Statements about rooms themselves. */
@Injectable()
export class ChatroomsRepository {
  constructor(private readonly sql: Sql) {}

  /** @throws AppError ALREADY_EXISTS, also when a closed room has the id; `reopen` is for those */
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

  /** Ids of open rooms, in order. */
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

  /** Notes that these rooms have members now, so that they do not count as idle. */
  async touch(pks: readonly number[]): Promise<void> {
    if (pks.length > 0) await this.sql.run('UPDATE chatrooms SET activeAt = NOW(3) WHERE id IN (?)', [[...pks]]);
  }

  /** Opens a closed room with new settings. Its log continues, but members read it only from here on. */
  async reopen(
    tx: SqlExecutor,
    pk: number,
    { chatroomId: _, ...room }: NewChatroom,
    from: Pick<ChatroomRecord, 'firstSeq' | 'openedVersion'>,
  ): Promise<void> {
    const fresh = { announcement: null, muteAll: 0, distributionStopped: 0, status: 'active' as const, ...from };
    await this.change(tx, pk, { ...room, ...fresh });
    await tx.run('UPDATE chatrooms SET activeAt = NOW(3), createdAt = NOW(3) WHERE id = ?', [pk]);
  }

  /** Open rooms of an app that have had neither members nor messages for this many minutes. */
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

  /** What decides about sends to these rooms, by the room's key. */
  async sendRulesOf(tx: SqlExecutor, pks: number[]): Promise<Map<number, RoomSendRules>> {
    const rows = await tx.rows<RoomSendRules>(
      'SELECT id, status, muteAll, slowModeSeconds, ownerPk, openedVersion FROM chatrooms WHERE id IN (?)',
      [pks],
    );
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** The state of rooms that nodes act on, by the key of the room's conversation; each is read in one statement. */
  async states(conversationPks: readonly number[]): Promise<Map<number, RoomState>> {
    if (conversationPks.length === 0) return new Map();
    const rows = await this.sql.rows<RoomState>(
      `SELECT c.id AS room, c.memberVersion AS version, c.maxSeq, r.status, r.distributionStopped, r.openedVersion,
              GREATEST(r.firstSeq, c.minSeq) AS readFrom, r.maxMembers, r.announcement
         FROM conversations c JOIN chatrooms r ON r.id = c.lowPk WHERE c.id IN (?) AND c.kind = 3`,
      [[...conversationPks]],
    );
    return new Map(rows.map((row) => [row.room, row]));
  }
}

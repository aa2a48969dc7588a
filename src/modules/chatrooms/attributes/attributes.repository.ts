import { Injectable } from '@nestjs/common';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import type { AttributeRecord, ChatroomRecord } from '../rooms/chatroom-records';

export type NamedValue = readonly [name: string, value: string];

/** Statements about the keys and values of rooms. */
@Injectable()
export class AttributesRepository {
  constructor(private readonly sql: Sql) {}

  /** One page of a room's attributes, in the order of their names. */
  page(chatroomPk: number, after: string, limit: number): Promise<AttributeRecord[]> {
    return this.sql.rows<AttributeRecord>(
      'SELECT name, value, ownerPk, autoDelete FROM chatroom_attributes WHERE chatroomPk = ? AND name > ? ORDER BY name LIMIT ?',
      [chatroomPk, after, limit],
    );
  }

  /** Attributes of many rooms, by room and in the order of their names. */
  async ofRooms(chatroomPks: readonly number[]): Promise<Map<number, NamedValue[]>> {
    const rows = await this.sql.rows<AttributeRecord & { chatroomPk: number }>(
      'SELECT chatroomPk, name, value FROM chatroom_attributes WHERE chatroomPk IN (?) ORDER BY name',
      [[...chatroomPks]],
    );
    const found = new Map<number, NamedValue[]>();
    for (const { chatroomPk, name, value } of rows) {
      const ofRoom = found.get(chatroomPk);
      if (ofRoom) ofRoom.push([name, value]);
      else found.set(chatroomPk, [[name, value]]);
    }
    return found;
  }

  async one(tx: SqlExecutor, chatroomPk: number, name: string): Promise<AttributeRecord | undefined> {
    const [row] = await tx.rows<AttributeRecord>(
      'SELECT name, value, ownerPk, autoDelete FROM chatroom_attributes WHERE chatroomPk = ? AND name = ?',
      [chatroomPk, name],
    );
    return row;
  }

  async count(tx: SqlExecutor, chatroomPk: number): Promise<number> {
    const [row] = await tx.rows<{ n: number }>('SELECT COUNT(*) AS n FROM chatroom_attributes WHERE chatroomPk = ?', [
      chatroomPk,
    ]);
    return row?.n ?? 0;
  }

  async put(
    tx: SqlExecutor,
    { id, appPk }: ChatroomRecord,
    { name, value, ownerPk, autoDelete }: AttributeRecord,
  ): Promise<void> {
    await tx.run(
      `INSERT INTO chatroom_attributes (chatroomPk, name, appPk, value, ownerPk, autoDelete) VALUES (?)
        ON DUPLICATE KEY UPDATE value = VALUES(value), ownerPk = VALUES(ownerPk), autoDelete = VALUES(autoDelete)`,
      [[id, name, appPk, value, ownerPk, autoDelete]],
    );
  }

  async remove(tx: SqlExecutor, chatroomPk: number, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    await tx.run('DELETE FROM chatroom_attributes WHERE chatroomPk = ? AND name IN (?)', [chatroomPk, [...names]]);
  }

  async removeAll(tx: SqlExecutor, chatroomPk: number): Promise<void> {
    await tx.run('DELETE FROM chatroom_attributes WHERE chatroomPk = ?', [chatroomPk]);
  }

  /** Attributes that are removed when their owner leaves. */
  autoDeleted(executor: SqlExecutor, chatroomPk: number): Promise<{ name: string; ownerPk: number }[]> {
    return executor.rows<{ name: string; ownerPk: number }>(
      'SELECT name, ownerPk FROM chatroom_attributes WHERE chatroomPk = ? AND autoDelete = 1 AND ownerPk IS NOT NULL',
      [chatroomPk],
    );
  }
}

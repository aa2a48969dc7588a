import { Injectable } from '@nestjs/common';
import { PAIRS, pairsValue } from '../../../platform/database/pairs';
import { assignments } from '../../../platform/database/assignments';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { type Lasting, untilSql } from '../../../platform/database/until';
import type { ChatroomRecord, RoomState, RoomStanding } from '../rooms/chatroom-records';

export interface StandingPatch {
  admin?: boolean;
  banned?: boolean;
  maySpeak?: boolean;
  muted?: Lasting;
  removedVersion?: number;
}

/** The last time that a user was put out of a room. */
export type Removal = Pick<RoomStanding, 'userPk' | 'removedVersion' | 'banned'>;
/** What was decided about a user that matters when it comes in. */
export type JoinRestriction = Pick<RoomStanding, 'removedVersion' | 'banned'>;

export type StandingFilter = 'banned' | 'muted' | 'maySpeak' | 'admin';

/** Statements about how users stand in rooms, and about what nodes must know of both. */
@Injectable()
export class RoomStandingsRepository {
  constructor(private readonly sql: Sql) {}

  /** The living among these users, whether anything was ever decided about them or not. */
  async of(executor: SqlExecutor, chatroomPk: number, userPks: readonly number[]): Promise<Map<number, RoomStanding>> {
    if (userPks.length === 0) return new Map();
    const rows = await executor.rows<RoomStanding>(
      `SELECT u.id AS userPk, u.userId, COALESCE(s.admin, 0) AS admin, COALESCE(s.banned, 0) AS banned, s.mutedUntil,
              COALESCE(s.mutedUntil > NOW(3), 0) AS muted, COALESCE(s.maySpeak, 0) AS maySpeak,
              COALESCE(s.removedVersion, 0) AS removedVersion
         FROM users u LEFT JOIN chatroom_standings s ON s.chatroomPk = ? AND s.userPk = u.id
        WHERE u.id IN (?) AND u.status <> 'deleted'`,
      [chatroomPk, [...userPks]],
    );
    return new Map(rows.map((row) => [row.userPk, row]));
  }

  async update(
    tx: SqlExecutor,
    { id, appPk }: Pick<ChatroomRecord, 'id' | 'appPk'>,
    userPk: number,
    patch: StandingPatch,
  ): Promise<void> {
    await tx.run('INSERT IGNORE INTO chatroom_standings (chatroomPk, userPk, appPk) VALUES (?)', [[id, userPk, appPk]]);
    const { muted, ...flags } = patch;
    const { text, values } = assignments(flags, muted === undefined ? {} : { mutedUntil: untilSql(muted) });
    await tx.run(`UPDATE chatroom_standings SET ${text} WHERE chatroomPk = ? AND userPk = ?`, [...values, id, userPk]);
  }

  page(
    chatroomPk: number,
    filter: StandingFilter,
    after: number,
    limit: number,
  ): Promise<{ userPk: number; userId: string; mutedUntil: Date | null }[]> {
    const condition = filter === 'muted' ? 's.mutedUntil > NOW(3)' : `s.${filter} = 1`;
    return this.sql.rows(
      `SELECT s.userPk, u.userId, s.mutedUntil FROM chatroom_standings s JOIN users u ON u.id = s.userPk
        WHERE s.chatroomPk = ? AND s.userPk > ? AND ${condition} AND u.status <> 'deleted' ORDER BY s.userPk LIMIT ?`,
      [chatroomPk, after, limit],
    );
  }

  /** Rooms by the key of their conversations, each as it stands at one moment. */
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

  /** What may keep users out of rooms, by `chatroom:user`; nothing is known of most. */
  async joinRestrictionsOf(
    pairs: readonly (readonly [chatroomPk: number, userPk: number])[],
  ): Promise<Map<string, JoinRestriction>> {
    if (pairs.length === 0) return new Map();
    const rows = await this.sql.rows<JoinRestriction & { chatroomPk: number; userPk: number }>(
      `SELECT chatroomPk, userPk, banned, removedVersion
         FROM ${PAIRS} STRAIGHT_JOIN chatroom_standings ON chatroomPk = d.a AND userPk = d.b`,
      [pairsValue(pairs)],
    );
    return new Map(rows.map((row) => [`${row.chatroomPk}:${row.userPk}`, row]));
  }

  /** Who was removed after this version, at which, and whether by a ban that stands. */
  removedSince(chatroomPk: number, version: number): Promise<Removal[]> {
    return this.sql.rows(
      'SELECT userPk, removedVersion, banned FROM chatroom_standings WHERE chatroomPk = ? AND removedVersion > ?',
      [chatroomPk, version],
    );
  }
}

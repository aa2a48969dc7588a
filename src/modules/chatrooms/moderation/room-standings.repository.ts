import { Injectable } from '@nestjs/common';
import { PAIRS, pairsValue } from '../../../platform/database/pairs';
import { assignments } from '../../../platform/database/assignments';
import { Sql, type SqlExecutor } from '../../../platform/database/sql';
import { type Lasting, untilSql } from '../../../platform/database/until';
import type { ChatroomRecord, RoomStanding } from '../rooms/chatroom-records';

export interface StandingPatch {
  admin?: boolean;
  banned?: boolean;
  maySpeak?: boolean;
  muted?: Lasting;
  removedVersion?: number;
}

/** A user's last removal from a room. */
export type Removal = Pick<RoomStanding, 'userPk' | 'removedVersion' | 'banned'>;
/** What may keep a user from joining a room. */
export type JoinRestriction = Pick<RoomStanding, 'removedVersion' | 'banned'>;

/** What decides whether a user may send to a room, of that user. */
export interface SenderRules extends Pick<
  RoomStanding,
  'admin' | 'banned' | 'muted' | 'mutedUntil' | 'maySpeak' | 'removedVersion'
> {
  /** Milliseconds since they last sent in slow mode; null: never. */
  silentMs: number | null;
}

export type StandingFilter = 'banned' | 'muted' | 'maySpeak' | 'admin';

/** Statements about what has been decided about users in rooms: roles, mutes, bans and removals. */
@Injectable()
export class RoomStandingsRepository {
  constructor(private readonly sql: Sql) {}

  /** Standings of these users, with defaults for those who have no row; deleted users are absent. */
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

  /** Users of a room to whom `filter` applies, in the order of their keys. */
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

  /** Restrictions on joining, by `chatroom:user`; pairs without a row are absent. */
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

  /** Users removed after this version, with the version of their removal and whether they are banned now. */
  removedSince(chatroomPk: number, version: number): Promise<Removal[]> {
    return this.sql.rows(
      'SELECT userPk, removedVersion, banned FROM chatroom_standings WHERE chatroomPk = ? AND removedVersion > ?',
      [chatroomPk, version],
    );
  }

  /** What decides about sends of these users, by `chatroom:user`; pairs without a row are absent. */
  async sendRulesOf(
    tx: SqlExecutor,
    pairs: readonly (readonly [chatroomPk: number, userPk: number])[],
  ): Promise<Map<string, SenderRules>> {
    if (pairs.length === 0) return new Map();
    const rows = await tx.rows<SenderRules & { chatroomPk: number; userPk: number }>(
      `SELECT chatroomPk, userPk, admin, banned, COALESCE(mutedUntil > NOW(3), 0) AS muted, mutedUntil, maySpeak,
              removedVersion, TIMESTAMPDIFF(MICROSECOND, spokeAt, NOW(3)) DIV 1000 AS silentMs
         FROM ${PAIRS} STRAIGHT_JOIN chatroom_standings ON chatroomPk = d.a AND userPk = d.b`,
      [pairsValue(pairs)],
    );
    return new Map(rows.map((row) => [`${row.chatroomPk}:${row.userPk}`, row]));
  }

  /** Notes when these users last sent, for slow mode. */
  async noteSent(tx: SqlExecutor, senders: [chatroomPk: number, userPk: number, appPk: number][]): Promise<void> {
    if (senders.length === 0) return;
    await tx.run('INSERT IGNORE INTO chatroom_standings (chatroomPk, userPk, appPk) VALUES ?', [senders]);
    await tx.run('UPDATE chatroom_standings SET spokeAt = NOW(3) WHERE (chatroomPk, userPk) IN (?)', [
      senders.map(([chatroomPk, userPk]) => [chatroomPk, userPk]),
    ]);
  }

  /** Forgets roles, mutes and bans of a room that opens again. `removedVersion` stays, so that no old visit counts. */
  async reset(tx: SqlExecutor, chatroomPk: number): Promise<void> {
    await tx.run(
      'UPDATE chatroom_standings SET admin = 0, banned = 0, mutedUntil = NULL, maySpeak = 0 WHERE chatroomPk = ?',
      [chatroomPk],
    );
  }
}

import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError, type WireError } from '../../../kernel/errors/app-error';
import { randomId } from '../../../kernel/ids';
import { Sql } from '../../../platform/database/sql';
import { untilOf } from '../../../platform/database/until';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { Live } from '../../../platform/realtime/live';
import { type KnownUser, Users } from '../../accounts';
import { ChatroomChanges } from '../rooms/chatroom-changes';
import type { RoomStanding } from '../rooms/chatroom-records';
import { assertManager, assertModerator } from '../rooms/change-scope';
import type { ChatroomMemberView } from '../rooms/chatroom-view';
import { ChatroomsService } from '../rooms/chatrooms.service';
import { JoinsService } from './joins.service';
import { RosterSync } from '../live/roster-sync';
import { RoomStandingsRepository } from '../moderation/room-standings.repository';

export type EnlistedItem =
  { ok: true; userId: string; status: 'joined' } | { ok: false; userId: string; error: WireError };

/** Lists, adds and removes members of a room, and appoints its admins. */
@Injectable()
export class ChatroomMembersService {
  constructor(
    private readonly sql: Sql,
    private readonly users: Users,
    private readonly live: Live,
    private readonly chatrooms: ChatroomsService,
    private readonly changes: ChatroomChanges,
    private readonly standings: RoomStandingsRepository,
    private readonly rosterSync: RosterSync,
    private readonly joins: JoinsService,
    private readonly pages: Pages,
  ) {}

  /** Members in the order in which their users were created. */
  async list(caller: TenantCaller, chatroomId: string, query: PageQuery): Promise<Page<ChatroomMemberView>> {
    const { room, conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    assertModerator(await this.chatrooms.rankOf(caller, room));
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const present = this.rosterSync.rosters
      .users(conversation.pk)
      .filter((userPk) => userPk > after)
      .sort((a, b) => a - b)
      .slice(0, limit + 1);
    const standings = await this.standings.of(this.sql, room.id, present);
    const known = present.flatMap((userPk) => standings.get(userPk) ?? []);
    return this.pages.of(
      known,
      limit,
      ({ userPk }) => [userPk],
      (standing) => memberView(standing, room.ownerPk),
      present.length > limit,
    );
  }

  /** Joins users' connected sockets to a room. @returns a result for each user; those who are offline cannot be added */
  async add(caller: TenantCaller, chatroomId: string, userIds: readonly string[]): Promise<{ items: EnlistedItem[] }> {
    const { room, conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    assertManager(await this.chatrooms.rankOf(caller, room));
    const users = await Promise.all(userIds.map((userId) => this.users.resolve(caller.app, userId)));
    const pks = users.flatMap((user) => (user ? [user.userPk] : []));
    const online = await this.live.online(caller.app.pk, pks);
    const standings = await this.standings.of(this.sql, room.id, pks);
    const refusalOf = (user: KnownUser | undefined): AppError | undefined => {
      const standing = user && standings.get(user.userPk);
      if (!user || !standing) return new AppError('USER_NOT_FOUND');
      if (standing.banned === 1) return new AppError('BANNED');
      return online.has(user.userPk) ? undefined : new AppError('USER_OFFLINE');
    };
    const addable = users.flatMap((user) => (user && !refusalOf(user) ? [user.userPk] : []));
    if (addable.length > 0) await this.joins.joinUsers(conversation, addable);
    const traceId = randomId(16);
    return {
      items: userIds.map((userId, index): EnlistedItem => {
        const user = users[index];
        const isIn = user && this.rosterSync.rosters.has(conversation.pk, user.userPk);
        const error = refusalOf(user) ?? (isIn ? undefined : new AppError('USER_OFFLINE'));
        return error ? { ok: false, userId, error: error.toWire(traceId) } : { ok: true, userId, status: 'joined' };
      }),
    };
  }

  /** Removes a user, who may join again. When this resolves they receive nothing more. */
  async remove(caller: TenantCaller, chatroomId: string, userId: string): Promise<void> {
    const { conversation } = await this.chatrooms.getVisible(caller, chatroomId);
    const user = await this.users.resolve(caller.app, userId);
    const isIn = user !== undefined && (await this.rosterSync.confirm(conversation.pk, user.userPk));
    await this.changes.run(caller, chatroomId, ({ rank }) => {
      assertManager(rank);
      if (!user || !isIn) throw new AppError('MEMBER_NOT_FOUND');
      const events = [{ kind: 'removed' as const, users: [user] }];
      return Promise.resolve({ result: undefined, events, removed: [user] });
    });
  }

  async setAdmin(caller: TenantCaller, chatroomId: string, userId: string, admin: boolean): Promise<void> {
    const user = await this.users.resolve(caller.app, userId);
    await this.changes.run(caller, chatroomId, async ({ tx, room, rank }) => {
      assertManager(rank);
      const standing = user && (await this.standings.of(tx, room.id, [user.userPk])).get(user.userPk);
      if (!user || !standing) throw new AppError('USER_NOT_FOUND');
      if ((standing.admin === 1) === admin) return { result: undefined };
      await this.standings.update(tx, room, user.userPk, { admin });
      return { result: undefined, events: [{ kind: 'admin-changed', users: [user], more: { admin } }] };
    });
  }
}

const memberView = (
  { userPk, userId, admin, muted, mutedUntil }: RoomStanding,
  ownerPk: number | null,
): ChatroomMemberView => ({
  userId,
  role: userPk === ownerPk ? 'owner' : admin === 1 ? 'admin' : 'member',
  ...(muted === 1 && { mutedUntil: untilOf(mutedUntil) }),
});

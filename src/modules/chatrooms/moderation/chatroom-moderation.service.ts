import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import { untilOf } from '../../../platform/database/until';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import { type Named, Users } from '../../accounts';
import { ChatroomChanges } from '../rooms/chatroom-changes';
import type { RoomStanding } from '../rooms/chatroom-records';
import {
  assertAbove,
  assertManager,
  assertModerator,
  type ChangeResult,
  type ChangeScope,
} from '../rooms/change-scope';
import { ChatroomsRepository } from '../rooms/chatrooms.repository';
import { ChatroomsService } from '../rooms/chatrooms.service';
import { type StandingFilter, RoomStandingsRepository } from './room-standings.repository';

/** Mutes, bans and the allow-list of a room. Changes are in force on every node when their calls are answered. */
@Injectable()
export class ChatroomModerationService {
  constructor(
    private readonly users: Users,
    private readonly chatrooms: ChatroomsService,
    private readonly rooms: ChatroomsRepository,
    private readonly standings: RoomStandingsRepository,
    private readonly changes: ChatroomChanges,
    private readonly pages: Pages,
  ) {}

  /** Mutes a user, a member or not, for `seconds` by the database's clock, or for ever. */
  async mute(caller: TenantCaller, chatroomId: string, userId: string, seconds?: number): Promise<void> {
    await this.changeStanding(caller, chatroomId, userId, async ({ tx, room }, user) => {
      await this.standings.update(tx, room, user.userPk, { muted: seconds ?? 'for-ever' });
      const more = seconds === undefined ? {} : { seconds };
      return { result: undefined, events: [{ kind: 'muted', users: [user], more }] };
    });
  }

  async unmute(caller: TenantCaller, chatroomId: string, userId: string): Promise<void> {
    await this.changeStanding(caller, chatroomId, userId, async ({ tx, room }, user, { mutedUntil }) => {
      if (!mutedUntil) return { result: undefined };
      await this.standings.update(tx, room, user.userPk, { muted: 'no' });
      return { result: undefined, events: [{ kind: 'unmuted', users: [user] }] };
    });
  }

  /** Mutes everybody but the owner, admins and users on the allow-list. */
  muteAll(caller: TenantCaller, chatroomId: string, mute: boolean): Promise<void> {
    return this.changes.run(caller, chatroomId, async ({ tx, room, rank }): Promise<ChangeResult<void>> => {
      assertModerator(rank);
      if ((room.muteAll === 1) === mute) return { result: undefined };
      await this.rooms.change(tx, room.id, { muteAll: Number(mute) });
      const kind = mute ? 'muted' : 'unmuted';
      return { result: undefined, events: [{ kind, users: [], more: { all: true } }] };
    });
  }

  /** Sets whether a user is on the allow-list: they may send while all are muted, and without delay in slow mode. */
  async allow(caller: TenantCaller, chatroomId: string, userId: string, maySpeak: boolean): Promise<void> {
    await this.changeStanding(caller, chatroomId, userId, async ({ tx, room }, user, standing) => {
      if ((standing.maySpeak === 1) === maySpeak) return { result: undefined };
      await this.standings.update(tx, room, user.userPk, { maySpeak });
      return { result: undefined, events: [{ kind: 'updated', users: [user], more: { maySpeak } }] };
    });
  }

  /** Removes a user, if they are a member, and keeps them from joining again. */
  async ban(caller: TenantCaller, chatroomId: string, userId: string): Promise<void> {
    await this.changeStanding(caller, chatroomId, userId, async ({ tx, room }, user, standing) => {
      if (standing.banned === 1) return { result: undefined };
      await this.standings.update(tx, room, user.userPk, { banned: true });
      return { result: undefined, events: [{ kind: 'banned', users: [user] }], removed: [user] };
    });
  }

  async unban(caller: TenantCaller, chatroomId: string, userId: string): Promise<void> {
    await this.changeStanding(caller, chatroomId, userId, async ({ tx, room }, user) => {
      await this.standings.update(tx, room, user.userPk, { banned: false });
      return { result: undefined };
    });
  }

  /** Users who are banned, muted, on the allow-list, or admins. */
  async list(
    caller: TenantCaller,
    chatroomId: string,
    filter: StandingFilter,
    query: PageQuery,
  ): Promise<Page<{ userId: string; until?: string | null }>> {
    const { room } = await this.chatrooms.getVisible(caller, chatroomId);
    const rank = await this.chatrooms.rankOf(caller, room);
    if (filter === 'admin') assertManager(rank);
    else assertModerator(rank);
    const [after] = readCursor(query.cursor, 'number') ?? [0];
    const limit = limitOf(query);
    const rows = await this.standings.page(room.id, filter, after, limit + 1);
    return this.pages.of(
      rows,
      limit,
      ({ userPk }) => [userPk],
      ({ userId, mutedUntil }) => ({ userId, ...(filter === 'muted' && { until: untilOf(mutedUntil) }) }),
    );
  }

  private async changeStanding(
    caller: TenantCaller,
    chatroomId: string,
    userId: string,
    work: (scope: ChangeScope, user: Named, standing: RoomStanding) => Promise<ChangeResult<void>>,
  ): Promise<void> {
    const user = await this.users.resolve(caller.app, userId);
    await this.changes.run(caller, chatroomId, async (scope) => {
      assertModerator(scope.rank);
      const standing = user && (await this.standings.of(scope.tx, scope.room.id, [user.userPk])).get(user.userPk);
      if (!user || !standing) throw new AppError('USER_NOT_FOUND');
      assertAbove(scope, standing);
      return work(scope, user, standing);
    });
  }
}

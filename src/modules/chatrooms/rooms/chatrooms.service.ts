import { Injectable } from '@nestjs/common';
import type { AppRef, TenantCaller } from '../../../kernel/caller';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { NEW_ID_PATTERN, NEW_ID_RULE, randomId } from '../../../kernel/ids';
import { Sql } from '../../../platform/database/sql';
import { readCursor } from '../../../platform/entry/cursor';
import { limitOf, type Page, type PageQuery } from '../../../platform/entry/page-query';
import { Pages } from '../../../platform/entry/pages';
import type { RateSubject } from '../../../platform/entry/rate-limiter';
import { SharedRateLimiter } from '../../../platform/entry/shared-rate-limiter';
import { Users } from '../../accounts';
import { Audiences, ConversationDirectory, type ConversationRef } from '../../conversations';
import { ChatroomChanges } from './chatroom-changes';
import { ChatroomDirectory } from './chatroom-directory';
import type { ChatroomRecord, NewChatroom } from './chatroom-records';
import { assertManager, assertModerator, type ChangeResult, type Rank, type ChangeScope } from './change-scope';
import { chatroomView, type ChatroomView } from './chatroom-view';
import { ChatroomsRepository } from './chatrooms.repository';
import type { CreateChatroomDto, PatchChatroomDto } from './chatroom.dto';
import { RosterSync } from '../live/roster-sync';
import { RoomStandingsRepository } from '../moderation/room-standings.repository';
import { SuperAdminsRepository } from '../moderation/super-admins.repository';
import { AttributesRepository } from '../attributes/attributes.repository';

/** Creates, shows, changes and closes rooms. */
@Injectable()
export class ChatroomsService {
  constructor(
    private readonly sql: Sql,
    private readonly users: Users,
    private readonly audiences: Audiences,
    private readonly conversations: ConversationDirectory,
    private readonly directory: ChatroomDirectory,
    private readonly rooms: ChatroomsRepository,
    private readonly standings: RoomStandingsRepository,
    private readonly attributes: AttributesRepository,
    private readonly superAdmins: SuperAdminsRepository,
    private readonly changes: ChatroomChanges,
    private readonly rosterSync: RosterSync,
    private readonly rates: SharedRateLimiter,
    private readonly pages: Pages,
  ) {}

  /**
   * Creates a room for the app's server or a super-admin. The id of a closed room opens it again with new settings.
   *
   * @throws AppError FORBIDDEN, ALREADY_EXISTS, USER_NOT_FOUND, RATE_LIMITED; a refused call costs nothing of the caller's rate
   */
  async create(caller: TenantCaller, wanted: CreateChatroomDto): Promise<ChatroomView> {
    if (caller.kind === 'user' && !(await this.superAdmins.has(caller.app.pk, caller.userPk))) {
      throw new AppError('FORBIDDEN', { message: 'Only the app server and super-admins make rooms.' });
    }
    const ownerPk = wanted.owner === undefined ? null : await this.userPk(caller.app, wanted.owner, 'owner');
    const admins = wanted.admins ?? [];
    const adminPks = await Promise.all(admins.map((id, at) => this.userPk(caller.app, id, `admins[${at}]`)));
    const room: NewChatroom = {
      chatroomId: wanted.chatroomId ?? randomId(16, 'r'),
      name: wanted.name,
      description: wanted.description ?? null,
      ownerPk,
      maxMembers: wanted.maxMembers ?? null,
      slowModeSeconds: wanted.slowModeSeconds ?? 0,
      membersMaySetAttributes: Number(wanted.membersMaySetAttributes === true),
      keepAlive: Number(wanted.keepAlive === true),
    };
    const appointAdmins = async ({ tx, room: created }: ChangeScope): Promise<void> => {
      for (const userPk of [...new Set(adminPks)].sort((a, b) => a - b)) {
        await this.standings.update(tx, created, userPk, { admin: true });
      }
    };
    await this.rates.consumeFor('creations', caller, 1, () => this.insertOrReopen(caller, room, appointAdmins));
    return this.get(caller, room.chatroomId);
  }

  /** Creates a room for the user who joins it. When several nodes do so at once, one creates it and the others find it. */
  async createOnJoin(app: AppRef, by: RateSubject, chatroomId: string): Promise<ConversationRef> {
    if (!NEW_ID_PATTERN.test(chatroomId)) throw invalid('chatroomId', NEW_ID_RULE);
    const defaults = { description: null, ownerPk: null, maxMembers: null, slowModeSeconds: 0 };
    const room = { chatroomId, name: chatroomId, ...defaults, membersMaySetAttributes: 0, keepAlive: 0 };
    try {
      await this.rates.consumeFor('creations', by, 1, () => this.insertOrReopen({ kind: 'app', app }, room));
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'ALREADY_EXISTS')) throw error;
    }
    return this.directory.find(app, chatroomId);
  }

  private async insertOrReopen(
    caller: TenantCaller,
    room: NewChatroom,
    afterwards: (scope: ChangeScope) => Promise<void> = () => Promise.resolve(),
  ): Promise<void> {
    const { chatroomId } = room;
    const reopen = async (scope: ChangeScope): Promise<ChangeResult<void>> => {
      if (scope.room.status !== 'closed') throw new AppError('ALREADY_EXISTS', { field: 'chatroomId' });
      const { maxSeq, memberVersion } = scope.head;
      const from = { firstSeq: maxSeq + 1, openedVersion: memberVersion + 1 };
      await this.attributes.removeAll(scope.tx, scope.room.id);
      await this.standings.reset(scope.tx, scope.room.id);
      await this.rooms.reopen(scope.tx, scope.room.id, room, from);
      await afterwards(scope);
      return { result: undefined, reopened: true };
    };
    if (await this.directory.findOptional(caller.app, chatroomId)) {
      return this.changes.run(caller, chatroomId, reopen, { includeClosed: true });
    }
    await this.changes.create(
      caller,
      async (tx) => {
        const pk = await this.rooms.insert(tx, caller.app.pk, room);
        return this.conversations.make(tx, caller.app.pk, 'chatroom', pk, `chatroom:${chatroomId}`);
      },
      async (scope) => {
        await afterwards(scope);
        return { result: undefined };
      },
    );
  }

  async get(caller: TenantCaller, chatroomId: string): Promise<ChatroomView> {
    const { room, conversation } = await this.getVisible(caller, chatroomId);
    const owner = room.ownerPk === null ? undefined : (await this.ownerNames([room])).get(room.ownerPk);
    return chatroomView(room, owner, this.rosterSync.rosters.count(conversation.pk));
  }

  /** All open rooms of the app, for any of its users. */
  async list(caller: TenantCaller, query: PageQuery): Promise<Page<ChatroomView>> {
    const [after] = readCursor(query.cursor, 'string') ?? [''];
    const limit = limitOf(query);
    const { maxBytes } = this.pages;
    const { rows: rooms, cut } = await this.rooms.page(caller.app.pk, after, { limit: limit + 1, maxBytes });
    const names = await this.ownerNames(rooms);
    const refs = await Promise.all(rooms.map(({ chatroomId }) => this.directory.find(caller.app, chatroomId)));
    const counts = new Map(refs.map(({ pk, lowPk }) => [lowPk, this.rosterSync.rosters.count(pk)]));
    return this.pages.of(
      rooms,
      limit,
      ({ chatroomId }) => [chatroomId],
      (room) => chatroomView(room, names.get(room.ownerPk ?? 0), counts.get(room.id) ?? 0),
      cut,
    );
  }

  async change(caller: TenantCaller, chatroomId: string, patch: PatchChatroomDto): Promise<ChatroomView> {
    const { owner, ...fields } = patch;
    await this.directory.find(caller.app, chatroomId);
    const ownerPk =
      owner === undefined ? undefined : owner === null ? null : await this.newOwnerPk(caller, chatroomId, owner);
    const columns = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, typeof value === 'boolean' ? Number(value) : value]),
    );
    await this.changes.run(caller, chatroomId, async ({ tx, room, rank }) => {
      assertManager(rank);
      await this.rooms.change(tx, room.id, { ...columns, ...(ownerPk !== undefined && { ownerPk }) });
      return { result: undefined, events: [{ kind: 'updated', users: [], more: { changed: patch } }] };
    });
    return this.get(caller, chatroomId);
  }

  async announce(caller: TenantCaller, chatroomId: string, text: string): Promise<{ announcement: string }> {
    return this.changes.run(caller, chatroomId, async ({ tx, room, rank }) => {
      assertModerator(rank);
      await this.rooms.change(tx, room.id, { announcement: text || null });
      const more = { announcement: text };
      return { result: { announcement: text }, events: [{ kind: 'updated', users: [], more }] };
    });
  }

  /** Removes all members and lets nobody join. The app's server can still read the log. */
  async close(caller: TenantCaller, chatroomId: string, options: { asSystem?: boolean } = {}): Promise<void> {
    const work = async ({ tx, room, rank }: ChangeScope): Promise<ChangeResult<void>> => {
      assertManager(rank);
      await this.rooms.change(tx, room.id, { status: 'closed' });
      return { result: undefined, events: [{ kind: 'closed', users: [] }], closed: true };
    };
    await this.changes.run(caller, chatroomId, work, options);
  }

  /** While distribution is stopped, messages are stored but not delivered. Afterwards members are told to pull them. */
  async setDistributionStopped(caller: TenantCaller, chatroomId: string, stopped: boolean): Promise<void> {
    await this.changes.run(caller, chatroomId, async ({ tx, room, rank }): Promise<ChangeResult<void>> => {
      assertManager(rank);
      if ((room.distributionStopped === 1) === stopped) return { result: undefined };
      await this.rooms.change(tx, room.id, { distributionStopped: Number(stopped) });
      const more = { distributionStopped: stopped };
      return { result: undefined, events: [{ kind: 'updated', users: [], more }], stopped };
    });
  }

  /** An open room of the caller's app. @throws AppError CHATROOM_NOT_FOUND */
  async getVisible(
    caller: TenantCaller,
    chatroomId: string,
  ): Promise<{ room: ChatroomRecord; conversation: ConversationRef }> {
    const conversation = await this.directory.find(caller.app, chatroomId);
    const room = await this.rooms.byPk(conversation.lowPk);
    if (!room || room.status === 'closed') throw new AppError('CHATROOM_NOT_FOUND');
    return { room, conversation };
  }

  rankOf(caller: TenantCaller, room: ChatroomRecord): Promise<Rank> {
    return this.changes.rankOf(this.sql, caller, room);
  }

  /** Checks the caller's rank first, so that nobody learns which users exist by calls that they may not make. */
  private async newOwnerPk(caller: TenantCaller, chatroomId: string, owner: string): Promise<number> {
    const { room } = await this.getVisible(caller, chatroomId);
    assertManager(await this.rankOf(caller, room));
    return this.userPk(caller.app, owner, 'owner');
  }

  private async userPk(app: AppRef, userId: string, field: string): Promise<number> {
    const user = await this.users.resolve(app, userId);
    if (!user) throw new AppError('USER_NOT_FOUND', { field });
    return user.userPk;
  }

  private ownerNames(rooms: readonly ChatroomRecord[]): Promise<ReadonlyMap<number, string>> {
    return this.audiences.names.namesOf(rooms.flatMap(({ ownerPk }) => (ownerPk === null ? [] : [ownerPk])));
  }
}

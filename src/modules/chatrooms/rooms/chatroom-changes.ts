import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import type { SqlExecutor } from '../../../platform/database/sql';
import { SenderAdmission } from '../../accounts';
import { type Changed, type ChangeContext, ConversationLog, type ConversationRef } from '../../conversations';
import { ChatroomDirectory } from './chatroom-directory';
import type { ChatroomRecord } from './chatroom-records';
import type { DomainEvent, ChangeResult, ChangeScope } from './change-scope';
import { ChatroomsRepository } from './chatrooms.repository';
import type { RoomEvent } from '../live/room-frames';
import { type RoomChange, RoomChangeBroadcaster } from '../live/room-change-broadcaster';
import { RoomStandingsRepository } from '../moderation/room-standings.repository';
import { SuperAdminsRepository } from '../moderation/super-admins.repository';

export interface RunOptions {
  /** Accepts a closed room, in order to open it again. */
  readonly includeClosed?: boolean;
  /** The change is the server's own, so neither a session nor the app's state is checked. */
  readonly asSystem?: boolean;
}

interface Committed<T> {
  result: T;
  change: RoomChange;
}

/**
 * Every stored change of a room goes through here. It runs under the lock of the conversation's row, as sends do; the
 * caller's session and rank are checked under that lock, and all nodes are told after the commit. Unlike groups, rooms
 * write no notices into their logs.
 */
@Injectable()
export class ChatroomChanges {
  constructor(
    private readonly log: ConversationLog,
    private readonly senders: SenderAdmission,
    private readonly directory: ChatroomDirectory,
    private readonly rooms: ChatroomsRepository,
    private readonly standings: RoomStandingsRepository,
    private readonly superAdmins: SuperAdminsRepository,
    private readonly broadcaster: RoomChangeBroadcaster,
  ) {}

  /** Runs `work` in the change's transaction. @throws AppError CHATROOM_NOT_FOUND, TOKEN_REVOKED, and what `work` throws */
  async run<T>(
    caller: TenantCaller,
    chatroomId: string,
    work: (scope: ChangeScope) => Promise<ChangeResult<T>>,
    options: RunOptions = {},
  ): Promise<T> {
    const conversation = await this.directory.find(caller.app, chatroomId);
    return this.commit(caller, conversation, async (scope) => {
      if (!options.asSystem) await this.senders.assertStanding(scope.tx, caller);
      if (scope.room.status === 'closed' && !options.includeClosed) throw new AppError('CHATROOM_NOT_FOUND');
      return work(scope);
    });
  }

  /** As `run`, for a room that `insert` creates with its conversation in the same transaction. */
  create<T>(
    caller: TenantCaller,
    insert: (tx: SqlExecutor) => Promise<ConversationRef>,
    work: (scope: ChangeScope) => Promise<ChangeResult<T>>,
  ): Promise<T> {
    return this.commit(caller, insert, async (scope) => {
      await this.senders.assertStanding(scope.tx, caller);
      return work(scope);
    });
  }

  private async commit<T>(
    caller: TenantCaller,
    where: ConversationRef | ((tx: SqlExecutor) => Promise<ConversationRef>),
    work: (scope: ChangeScope) => Promise<ChangeResult<T>>,
  ): Promise<T> {
    const changed: Changed<Committed<T>> = await this.log.change(caller.app, where, async (tx, context) => {
      const scope = await this.scopeOf(tx, caller, context);
      const { result, events = [], removed = [], closed, stopped, reopened } = await work(scope);
      const version = context.head.memberVersion + 1;
      for (const { userPk } of removed)
        await this.standings.update(tx, scope.room, userPk, { removedVersion: version });
      const change = {
        events: events.map((event) => eventOf(caller, event)),
        removed: removed.map(({ userPk }) => userPk),
        closed,
        stopped,
      };
      const membersChanged = removed.length > 0 || closed === true || stopped !== undefined || reopened === true;
      return { result: { result, change }, membersChanged };
    });
    await this.broadcaster.broadcast(changed.conversation, changed.memberVersion, changed.result.change);
    return changed.result.result;
  }

  private async scopeOf(tx: SqlExecutor, caller: TenantCaller, context: ChangeContext): Promise<ChangeScope> {
    const room = await this.rooms.byPk(context.conversation.lowPk, tx);
    if (!room) throw new AppError('CHATROOM_NOT_FOUND');
    return { ...context, tx, caller, room, rank: await this.rankOf(tx, caller, room) };
  }

  /** The caller's rank in a room, read from the database. */
  async rankOf(executor: SqlExecutor, caller: TenantCaller, room: ChatroomRecord): Promise<ChangeScope['rank']> {
    if (caller.kind === 'app') return 'manager';
    if (await this.superAdmins.has(caller.app.pk, caller.userPk, executor)) return 'manager';
    if (room.ownerPk === caller.userPk) return 'owner';
    const standing = (await this.standings.of(executor, room.id, [caller.userPk])).get(caller.userPk);
    return standing?.admin === 1 ? 'admin' : 'none';
  }
}

const eventOf = (caller: TenantCaller, { kind, users, more }: DomainEvent): RoomEvent => ({
  kind,
  by: caller.kind === 'user' ? caller.userId : null,
  users: users.map(({ userId }) => userId),
  ...more,
});

import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../../kernel/caller';
import { AppError } from '../../../kernel/errors/app-error';
import type { SqlExecutor } from '../../../platform/database/sql';
import { SenderAdmission } from '../../accounts';
import { type Changed, type ChangeContext, ConversationLog, type ConversationRef } from '../../conversations';
import { ChatroomDirectory } from './chatroom-directory';
import type { ChatroomRecord } from './chatroom-records';
import type { Happening, Outcome, Scene } from './change-scope';
import { ChatroomsRepository } from './chatrooms.repository';
import type { RoomEvent } from '../live/room-frames';
import { type News, RoomNews } from '../live/room-change-broadcaster';
import { StandingsRepository } from '../moderation/room-standings.repository';

export interface RunOptions {
  /** For opening it again. */
  readonly evenClosed?: boolean;
  /** Nobody asked for it: there is no session and no running app to look for. */
  readonly unasked?: boolean;
}

interface Done<T> {
  result: T;
  news: News;
}

/**
 * Every lasting change of a room goes through here: under the lock of its conversation's row, as a send does, judged by
 * what stands there now (whoever asks, by a session that still lives), and told to every node after the commit. Rooms write no notices into their logs.
 */
@Injectable()
export class ChatroomChanges {
  constructor(
    private readonly log: ConversationLog,
    private readonly senders: SenderAdmission,
    private readonly directory: ChatroomDirectory,
    private readonly rooms: ChatroomsRepository,
    private readonly standings: StandingsRepository,
    private readonly news: RoomNews,
  ) {}

  /** @throws AppError CHATROOM_NOT_FOUND, TOKEN_REVOKED, and what `work` refuses */
  async run<T>(
    caller: TenantCaller,
    chatroomId: string,
    work: (scene: Scene) => Promise<Outcome<T>>,
    options: RunOptions = {},
  ): Promise<T> {
    const conversation = await this.directory.find(caller.app, chatroomId);
    return this.commit(caller, conversation, async (scene) => {
      if (!options.unasked) await this.senders.assertStanding(scene.tx, caller);
      if (scene.room.status === 'closed' && !options.evenClosed) throw new AppError('CHATROOM_NOT_FOUND');
      return work(scene);
    });
  }

  /** The same for a room that `make` makes, together with its conversation, in the same transaction. */
  found<T>(
    caller: TenantCaller,
    make: (tx: SqlExecutor) => Promise<ConversationRef>,
    work: (scene: Scene) => Promise<Outcome<T>>,
  ): Promise<T> {
    return this.commit(caller, make, async (scene) => {
      await this.senders.assertStanding(scene.tx, caller);
      return work(scene);
    });
  }

  private async commit<T>(
    caller: TenantCaller,
    where: ConversationRef | ((tx: SqlExecutor) => Promise<ConversationRef>),
    work: (scene: Scene) => Promise<Outcome<T>>,
  ): Promise<T> {
    const changed: Changed<Done<T>> = await this.log.change(caller.app, where, async (tx, context) => {
      const scene = await this.scene(tx, caller, context);
      const { result, happened = [], removed = [], closed, stopped, reopened } = await work(scene);
      const version = context.head.memberVersion + 1;
      for (const { userPk } of removed)
        await this.standings.sanction(tx, scene.room, userPk, { removedVersion: version });
      const news = {
        events: happened.map((happening) => eventOf(caller, happening)),
        removed: removed.map(({ userPk }) => userPk),
        closed,
        stopped,
      };
      const membersChanged = removed.length > 0 || closed === true || stopped !== undefined || reopened === true;
      return { result: { result, news }, membersChanged };
    });
    await this.news.spread(changed.conversation, changed.memberVersion, changed.result.news);
    return changed.result.result;
  }

  private async scene(tx: SqlExecutor, caller: TenantCaller, context: ChangeContext): Promise<Scene> {
    const room = await this.rooms.byPk(context.conversation.lowPk, tx);
    if (!room) throw new AppError('CHATROOM_NOT_FOUND');
    return { ...context, tx, caller, room, rank: await this.rankOf(tx, caller, room) };
  }

  /** What a caller is in a room, read now. */
  async rankOf(executor: SqlExecutor, caller: TenantCaller, room: ChatroomRecord): Promise<Scene['rank']> {
    if (caller.kind === 'app') return 'manager';
    if (await this.rooms.isSuperAdmin(executor, caller.app.pk, caller.userPk)) return 'manager';
    if (room.ownerPk === caller.userPk) return 'owner';
    const standing = (await this.standings.of(executor, room.id, [caller.userPk])).get(caller.userPk);
    return standing?.admin === 1 ? 'admin' : 'none';
  }
}

const eventOf = (caller: TenantCaller, { kind, users, more }: Happening): RoomEvent => ({
  kind,
  by: caller.kind === 'user' ? caller.userId : null,
  users: users.map(({ userId }) => userId),
  ...more,
});

import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { AppRef, UserCaller } from '../../../kernel/caller';
import type { JoinedChatroom } from '../../../kernel/contracts/socket-events';
import { AppError } from '../../../kernel/errors/app-error';
import { Batched } from '../../../platform/database/batched';
import { writeCursor } from '../../../platform/entry/cursor';
import { bytesOf, Pages } from '../../../platform/entry/pages';
import { Bus } from '../../../platform/realtime/bus';
import type { Connection } from '../../../platform/realtime/connection';
import { Connections } from '../../../platform/realtime/connections';
import { ConversationDirectory, type ConversationRef } from '../../conversations';
import { Apps } from '../../tenancy';
import { AttributesRepository, type NamedValue } from '../attributes/attributes.repository';
import { ChatroomDirectory } from '../rooms/chatroom-directory';
import type { RoomState } from '../rooms/chatroom-records';
import { ChatroomsRepository } from '../rooms/chatrooms.repository';
import { ChatroomsService } from '../rooms/chatrooms.service';
import { SocketRequestQueue } from './socket-request-queue';
import { LiveRooms } from '../live/live-rooms';
import { RosterSync } from '../live/roster-sync';
import { type JoinRestriction, RoomStandingsRepository } from '../moderation/room-standings.repository';

export interface JoinOptions {
  /** How many of the latest messages to send first. */
  history?: number;
  /** The `visit` of an earlier join's answer: a socket that comes back is refused when it was removed since. */
  visit?: number;
}

const HISTORY_DEFAULT = 10;
/** A join whose room changes between the check and the join is tried again, this often at most. */
const ATTEMPTS_MAX = 10;

/** Joins sockets to rooms and removes them. */
@Injectable()
export class JoinsService implements OnModuleInit {
  private readonly logger = new Logger(JoinsService.name);
  /** All joins of one turn of the event loop share a statement, so that a storm of them costs only a few. */
  private readonly states: Batched<number, RoomState>;
  private readonly restrictions: Batched<string, JoinRestriction>;
  private readonly attributes: Batched<number, NamedValue[]>;
  private readonly requests = new SocketRequestQueue();

  constructor(
    private readonly directory: ChatroomDirectory,
    private readonly conversations: ConversationDirectory,
    private readonly chatrooms: ChatroomsService,
    private readonly liveRooms: LiveRooms,
    private readonly rosterSync: RosterSync,
    private readonly connections: Connections,
    private readonly apps: Apps,
    private readonly bus: Bus,
    private readonly pages: Pages,
    rooms: ChatroomsRepository,
    standings: RoomStandingsRepository,
    attributes: AttributesRepository,
  ) {
    this.states = new Batched((pks) => rooms.states(pks));
    this.restrictions = new Batched((keys) =>
      standings.joinRestrictionsOf(keys.map((key) => key.split(':').map(Number) as [number, number])),
    );
    this.attributes = new Batched((pks) => attributes.ofRooms(pks));
  }

  onModuleInit(): void {
    this.bus.on('chatroom:enlist', ({ room, userPks }) => {
      this.joinLocalSockets(room, userPks).catch((error: unknown) =>
        this.logger.warn(
          `Users could not be added to room ${room} on this node; the caller is told that they are not connected and may repeat the call: ${String(error)}`,
        ),
      );
    });
  }

  /**
   * Joins a user's socket to a room, which is created first when it does not exist and the app allows that.
   *
   * @throws AppError CHATROOM_NOT_FOUND, BANNED, NOT_MEMBER, CHATROOM_FULL, LIMIT_REACHED, BUSY
   */
  join(
    caller: UserCaller,
    chatroomId: string,
    connection: Connection,
    options: JoinOptions = {},
  ): Promise<JoinedChatroom> {
    return this.requests.run(connection, chatroomId, () => this.joinNow(caller, chatroomId, connection, options));
  }

  leave(caller: UserCaller, chatroomId: string, connection: Connection): Promise<void> {
    return this.requests.run(connection, chatroomId, async () => {
      const { pk } = await this.directory.find(caller.app, chatroomId);
      const room = this.liveRooms.get(pk);
      if (room) this.liveRooms.leave(room, connection);
    });
  }

  /** Joins all connected sockets of these users, on any node. Resolves when the users are members, after a second at the latest. */
  async joinUsers(conversation: ConversationRef, userPks: readonly number[]): Promise<void> {
    this.bus.toAll('chatroom:enlist', { room: conversation.pk, userPks: [...userPks] });
    await this.joinLocalSockets(conversation.pk, userPks);
    await this.rosterSync.waitFor(conversation.pk, userPks, 1000);
  }

  private async joinNow(
    caller: UserCaller,
    chatroomId: string,
    connection: Connection,
    options: JoinOptions,
  ): Promise<JoinedChatroom> {
    const conversation = await this.findOrCreate(caller, chatroomId, options);
    const { maxSeq, state } = await this.enter(conversation, connection, options);
    const attributes = (await this.attributes.get(conversation.lowPk)) ?? [];
    return {
      chatroomId,
      conversationId: conversation.conversationId,
      memberCount: this.rosterSync.rosters.count(conversation.pk),
      ...(state.announcement && { announcement: state.announcement }),
      ...this.fitting(attributes, state.announcement),
      maxSeq,
      visit: state.version,
    };
  }

  /** As many attributes as fit into the answer, with a cursor for the rest. */
  private fitting(
    attributes: readonly NamedValue[],
    announcement: string | null,
  ): Pick<JoinedChatroom, 'attributes' | 'nextCursor'> {
    const fitting = this.pages.budget(bytesOf(announcement)).fill(attributes, bytesOf);
    const last = fitting[fitting.length - 1];
    return {
      attributes: Object.fromEntries(fitting),
      ...(fitting.length < attributes.length && last && { nextCursor: writeCursor(last[0]) }),
    };
  }

  private async joinLocalSockets(pk: number, userPks: readonly number[]): Promise<void> {
    const conversation = (await this.conversations.byPks([pk])).get(pk);
    if (!conversation) return;
    const sockets = userPks.flatMap((userPk) => [...this.connections.ofUser(userPk)]);
    const own = sockets.filter(({ caller }) => caller.app.pk === conversation.appPk);
    await Promise.all(own.map((connection) => this.enter(conversation, connection, {})));
  }

  private async findOrCreate(caller: UserCaller, chatroomId: string, { visit }: JoinOptions): Promise<ConversationRef> {
    const { app } = caller;
    const known = await this.directory.findOptional(app, chatroomId);
    if (known) return known;
    await this.assertJoinCreates(app, visit);
    return this.chatrooms.createOnJoin(app, caller, chatroomId);
  }

  /** A join may create a missing room when the app allows it, unless the socket comes back to an earlier visit. */
  private async assertJoinCreates(app: AppRef, visit: number | undefined): Promise<void> {
    const mayCreate = visit === undefined && (await this.apps.byPk(app.pk))?.settings.joinCreates;
    if (!mayCreate) throw new AppError('CHATROOM_NOT_FOUND');
  }

  /**
   * Restrictions are read together with the room's version and are valid while this node has applied exactly that version.
   * The last check and the join happen in one turn of the event loop, so that no removal can come between them.
   */
  private async enter(
    conversation: ConversationRef,
    connection: Connection,
    { history = HISTORY_DEFAULT, visit }: JoinOptions,
  ): Promise<{ maxSeq: number; state: RoomState }> {
    const { caller } = connection;
    const { app, userPk } = caller;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const state = await this.states.get(conversation.pk);
      if (!state) throw new AppError('CHATROOM_NOT_FOUND');
      if (state.status === 'closed') {
        await this.assertJoinCreates(app, visit);
        await this.chatrooms.createOnJoin(app, caller, conversation.conversationId.slice('chatroom:'.length));
        continue;
      }
      assertMayJoin(state, await this.restrictions.get(`${conversation.lowPk}:${userPk}`), visit);
      const room = await this.liveRooms.open(conversation);
      if (room.version < state.version) await this.liveRooms.refresh(room);
      if (room.version !== state.version || this.liveRooms.get(conversation.pk) !== room) continue;
      this.assertSpace(conversation, state, userPk);
      if (connection.socket.connected) this.liveRooms.join(room, connection, state.version, history);
      return { maxSeq: room.feed.lastSeq, state };
    }
    throw new AppError('BUSY');
  }

  private assertSpace({ pk }: ConversationRef, { maxMembers }: RoomState, userPk: number): void {
    const { rosters } = this.rosterSync;
    if (maxMembers === null || rosters.has(pk, userPk) || rosters.count(pk) < maxMembers) return;
    throw new AppError('CHATROOM_FULL', { details: { limit: maxMembers } });
  }
}

/** @throws AppError BANNED, NOT_MEMBER */
function assertMayJoin({ openedVersion }: RoomState, restriction: JoinRestriction | undefined, visit = Infinity): void {
  if (restriction?.banned === 1) throw new AppError('BANNED');
  if (visit < Math.max(openedVersion, restriction?.removedVersion ?? 0)) throw new AppError('NOT_MEMBER');
}

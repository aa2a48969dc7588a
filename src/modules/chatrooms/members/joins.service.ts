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
  /** How many of the latest messages come first. */
  history?: number;
  /** From the answer to an earlier join: the socket comes back, and was not put out since. */
  visit?: number;
}

const HISTORY_DEFAULT = 10;
/** A room that changes faster than a join can look at it. */
const TRIES_MAX = 10;

/** Sockets come into rooms and leave them. */
@Injectable()
export class JoinsService implements OnModuleInit {
  private readonly logger = new Logger(JoinsService.name);
  /** A storm of joins is a few statements: what one turn of the event loop asks is read at once. */
  private readonly states: Batched<number, RoomState>;
  private readonly restrictions: Batched<string, JoinRestriction>;
  private readonly details: Batched<number, NamedValue[]>;
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
    this.details = new Batched((pks) => attributes.ofRooms(pks));
  }

  onModuleInit(): void {
    this.bus.on('chatroom:enlist', ({ room, userPks }) => {
      this.enlistHere(room, userPks).catch((error: unknown) =>
        this.logger.warn(`bringing users into room ${room} failed: ${String(error)}`),
      );
    });
  }

  /** A user's socket joins by the room's id alone; where the app says so, a room that is not there is made. */
  join(
    caller: UserCaller,
    chatroomId: string,
    connection: Connection,
    options: JoinOptions = {},
  ): Promise<JoinedChatroom> {
    return this.requests.do(connection, chatroomId, () => this.joinNow(caller, chatroomId, connection, options));
  }

  leave(caller: UserCaller, chatroomId: string, connection: Connection): Promise<void> {
    return this.requests.do(connection, chatroomId, async () => {
      const { pk } = await this.directory.find(caller.app, chatroomId);
      const room = this.liveRooms.get(pk);
      if (room) this.liveRooms.leave(room, connection);
    });
  }

  /** Brings users' connected sockets into a room, wherever they are. Resolves when they are in, a second later at most. */
  async enlist(conversation: ConversationRef, userPks: readonly number[]): Promise<void> {
    this.bus.toAll('chatroom:enlist', { room: conversation.pk, userPks: [...userPks] });
    await this.enlistHere(conversation.pk, userPks);
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
    const attributes = (await this.details.get(conversation.lowPk)) ?? [];
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

  /** As many attributes as the answer has room for. */
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

  private async enlistHere(pk: number, userPks: readonly number[]): Promise<void> {
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

  /** Whether who joins makes a room that is not there; who comes back to one does not. */
  private async assertJoinCreates(app: AppRef, visit: number | undefined): Promise<void> {
    const makes = visit === undefined && (await this.apps.byPk(app.pk))?.settings.joinCreates;
    if (!makes) throw new AppError('CHATROOM_NOT_FOUND');
  }

  /**
   * What is decided about a user is read with the room's version, and holds while that is the version which this node
   * goes by: the look and the seat are in one turn, so that nobody slips in past a removal.
   */
  private async enter(
    conversation: ConversationRef,
    connection: Connection,
    { history = HISTORY_DEFAULT, visit }: JoinOptions,
  ): Promise<{ maxSeq: number; state: RoomState }> {
    const { caller } = connection;
    const { app, userPk } = caller;
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      const state = await this.states.get(conversation.pk);
      if (!state) throw new AppError('CHATROOM_NOT_FOUND');
      if (state.status === 'closed') {
        await this.assertJoinCreates(app, visit);
        await this.chatrooms.createOnJoin(app, caller, conversation.conversationId.slice('chatroom:'.length));
        continue;
      }
      assertLetIn(state, await this.restrictions.get(`${conversation.lowPk}:${userPk}`), visit);
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
function assertLetIn({ openedVersion }: RoomState, restriction: JoinRestriction | undefined, visit = Infinity): void {
  if (restriction?.banned === 1) throw new AppError('BANNED');
  if (visit < Math.max(openedVersion, restriction?.removedVersion ?? 0)) throw new AppError('NOT_MEMBER');
}

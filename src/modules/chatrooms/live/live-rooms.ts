import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { BusFrames } from '../../../kernel/contracts/bus-frames';
import { AppError } from '../../../kernel/errors/app-error';
import { Periodic } from '../../../platform/lifecycle/periodic';
import { Bus } from '../../../platform/realtime/bus';
import { BusFallback } from '../../../platform/realtime/bus-fallback';
import { Channel } from '../../../platform/realtime/channel';
import type { Connection } from '../../../platform/realtime/connection';
import { Connections } from '../../../platform/realtime/connections';
import { type Frame, frameOf } from '../../../platform/realtime/frame';
import { Outbound } from '../../../platform/realtime/outbound';
import { Passes } from '../../../platform/realtime/passes';
import { ConversationHistory, type ConversationRef, type Said } from '../../conversations';
import type { RoomState } from '../rooms/chatroom-records';
import { ChatroomsRepository } from '../rooms/chatrooms.repository';
import { LiveRoom } from './live-room';
import { RosterSync } from './roster-sync';
import { type FeedPorts, READ_MAX, RECENT_MAX, type RoomMessage } from './room-feed';
import { eventFrame, messageFrame, storedFrame } from './room-frames';
import { RoomStandingsRepository } from '../moderation/room-standings.repository';

const ROOMS_PER_SOCKET_MAX = 100;
/** Feeds are compared with the log every fifth tick, and at every tick while a node is cut off. */
const AUDIT_TICK_MS = 1000;
const TICKS_PER_AUDIT = 5;
const ROOMS_PER_QUERY = 1000;

/** The rooms with members on this node. Their feeds take messages from this node's sends, from the bus, and after a loss from the log. */
@Injectable()
export class LiveRooms implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LiveRooms.name);
  private readonly rooms = new Map<number, LiveRoom>();
  private readonly opening = new Map<number, Promise<LiveRoom>>();
  private readonly roomsOfSocket = new Map<Connection, Set<LiveRoom>>();
  private readonly audits = new Periodic(
    AUDIT_TICK_MS,
    () => this.audit(),
    (error) =>
      this.logger.debug(
        `Rooms could not be compared with their logs; missed messages are found at the next comparison: ${String(error)}`,
      ),
  );
  private ticks = 0;
  private mayHaveMissed = false;

  constructor(
    private readonly bus: Bus,
    private readonly fallback: BusFallback,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
    private readonly passes: Passes,
    private readonly rosterSync: RosterSync,
    private readonly repository: ChatroomsRepository,
    private readonly standings: RoomStandingsRepository,
    private readonly history: ConversationHistory,
  ) {}

  onModuleInit(): void {
    this.bus.on('chatroom:message', (frame) => this.receive(frame));
    this.bus.onGap(() => (this.mayHaveMissed = true));
    this.fallback.onCutOff(() => void this.audits.now());
    this.connections.onLeave((connection, onPurpose) => this.onDisconnect(connection, !onPurpose));
    this.audits.start();
  }

  onApplicationShutdown(): void {
    this.audits.stop();
    for (const room of this.rooms.values()) room.feed.stop();
  }

  /** The room, when it has members on this node. */
  get(pk: number): LiveRoom | undefined {
    return this.rooms.get(pk);
  }

  all(): Iterable<LiveRoom> {
    return this.rooms.values();
  }

  /** Delivers a message on every node: directly to this node's feed, to the others over the bus. */
  broadcast({ pk }: ConversationRef, { json, at }: Said, exceptSocketId?: string): void {
    const frame = { room: pk, json, seq: at?.seq, version: at?.memberVersion, exceptSocketId };
    this.receive(frame);
    // Nodes that this frame does not reach find a stored message in the log.
    this.bus.toAll('chatroom:message', frame, at !== undefined);
  }

  /** Opens the room on this node. From the moment that this resolves its feed follows the log. @throws AppError CHATROOM_NOT_FOUND */
  async open(conversation: ConversationRef): Promise<LiveRoom> {
    const known = this.rooms.get(conversation.pk);
    const opening = this.opening.get(conversation.pk);
    if (opening) return opening;
    if (known) return known;
    const opened = this.create(conversation).finally(() => this.opening.delete(conversation.pk));
    this.opening.set(conversation.pk, opened);
    return opened;
  }

  /** Adds a socket. Synchronous, so that no message or removal comes between the caller's checks and the join. @throws AppError LIMIT_REACHED */
  join(room: LiveRoom, connection: Connection, version: number, history: number): void {
    const joined = this.roomsOfSocket.get(connection) ?? new Set();
    if (!joined.has(room) && joined.size >= ROOMS_PER_SOCKET_MAX) {
      throw new AppError('LIMIT_REACHED', { field: 'chatroomId', details: { limit: ROOMS_PER_SOCKET_MAX } });
    }
    room.enter(connection, version, history);
    joined.add(room);
    this.roomsOfSocket.set(connection, joined);
  }

  leave(room: LiveRoom, connection: Connection, lost = false): void {
    room.leave(connection, lost);
    this.untrack(room, [connection]);
  }

  /** Removes users from a room on this node; `lastFrame` is what they still receive. */
  remove(room: LiveRoom, userPks: readonly number[], version: number, lastFrame?: Frame): void {
    this.untrack(room, room.remove(userPks, version, lastFrame));
  }

  /** Removes everybody from a closed room on this node. */
  close(room: LiveRoom): void {
    room.closed = true;
    this.untrack(room, room.close());
    this.rooms.delete(room.conversation.pk);
  }

  /** Brings the room up to the database's state and removes members whose removal this node has missed. */
  async refresh(room: LiveRoom): Promise<void> {
    const { pk, lowPk } = room.conversation;
    const state = (await this.repository.states([pk])).get(pk);
    const removed = await this.standings.removedSince(lowPk, room.version);
    if (!state || this.rooms.get(pk) !== room) return;
    // A ban that has been lifted since is announced as a removal, because the user may join again.
    for (const { userPk, removedVersion, banned } of removed)
      this.removeMissed(room, [userPk], removedVersion, banned === 1 ? 'banned' : 'removed');
    this.removeMissed(room, room.membersBefore(state.openedVersion), state.openedVersion, 'removed');
    const { stopped } = room;
    room.applyState(state);
    if (room.closed) {
      room.notify(eventFrame(room.conversation, { kind: 'closed', by: null, users: [] }));
      this.close(room);
    }
    if (stopped && !room.stopped) this.sendPullHint(room);
  }

  /** Removes users whose removal this node did not receive over the bus. */
  private removeMissed(room: LiveRoom, userPks: readonly number[], version: number, kind: 'banned' | 'removed'): void {
    for (const userPk of userPks) {
      const event = { kind, by: null, users: room.userIdsOf([userPk]) };
      this.remove(room, [userPk], version, eventFrame(room.conversation, event));
    }
  }

  /** Tells members to pull the messages that were stored while distribution was stopped. */
  sendPullHint(room: LiveRoom): void {
    const { conversationId } = room.conversation;
    room.notify(frameOf('conversation:tip', JSON.stringify({ conversationId, maxSeq: room.feed.lastSeq })));
  }

  private untrack(room: LiveRoom, sockets: readonly Connection[]): void {
    for (const connection of sockets) {
      const joined = this.roomsOfSocket.get(connection);
      joined?.delete(room);
      if (joined?.size === 0) this.roomsOfSocket.delete(connection);
    }
  }

  private onDisconnect(connection: Connection, lost: boolean): void {
    for (const room of [...(this.roomsOfSocket.get(connection) ?? [])]) this.leave(room, connection, lost);
  }

  private receive({ room: pk, json, seq, version, exceptSocketId }: BusFrames['chatroom:message']): void {
    const room = this.rooms.get(pk);
    if (!room) return;
    const frame = messageFrame(room.conversation, json, seq);
    if (seq === undefined) room.publishMessage({ frame, exceptSocketId });
    else room.feed.receive({ seq, version: version ?? 0, frame, exceptSocketId });
  }

  /** Registers the room before it reads the log, so that messages stored during the read arrive over the bus. */
  private async create(conversation: ConversationRef): Promise<LiveRoom> {
    const { pk } = conversation;
    const room = new LiveRoom(conversation, new Channel(this.passes, this.outbound), this.outbound, {
      joined: (userPk, version) => this.rosterSync.joined(pk, userPk, version),
      left: (userPks) => this.rosterSync.left(pk, userPks),
      feed: (of) => this.feedPorts(of),
    });
    this.rooms.set(pk, room);
    try {
      const state = (await this.repository.states([pk])).get(pk);
      if (!state || state.status === 'closed') throw new AppError('CHATROOM_NOT_FOUND');
      room.applyState(state);
      room.feed.start(await this.latest(room), state.maxSeq);
      return room;
    } catch (error) {
      this.rooms.delete(pk);
      throw error;
    }
  }

  private feedPorts(room: LiveRoom): FeedPorts {
    return {
      publish: (message) => room.publishMessage(message),
      version: () => room.version,
      refresh: () => this.refresh(room),
      read: (after) => this.read(room, { after, limit: READ_MAX }),
      latest: () => this.latest(room),
    };
  }

  private async latest(room: LiveRoom): Promise<RoomMessage[]> {
    return (await this.read(room, { limit: RECENT_MAX })).reverse();
  }

  /** The version is read after the messages, so it is never older than the one they were stored under. */
  private async read(room: LiveRoom, bounds: { after?: number; limit: number }): Promise<RoomMessage[]> {
    const { conversation } = room;
    const messages = await this.history.page(conversation, { from: room.readFrom }, bounds);
    const state = messages.length > 0 && (await this.repository.states([conversation.pk])).get(conversation.pk);
    const version = state ? state.version : 0;
    return messages.map((message) => ({ seq: message.seq, version, frame: storedFrame(message) }));
  }

  /** Finds messages and removals that were lost on the bus, with a node that died, or while this node started. */
  private async audit(): Promise<void> {
    const doubtful = this.fallback.active || this.mayHaveMissed;
    if (this.rooms.size === 0 || (!doubtful && ++this.ticks % TICKS_PER_AUDIT !== 0)) return;
    this.mayHaveMissed = false;
    const rooms = [...this.rooms.values()].filter((room) => !this.opening.has(room.conversation.pk));
    for (let at = 0; at < rooms.length; at += ROOMS_PER_QUERY) {
      const some = rooms.slice(at, at + ROOMS_PER_QUERY);
      const states = await this.repository.states(some.map(({ conversation }) => conversation.pk));
      for (const room of some) await this.auditRoom(room, states.get(room.conversation.pk), doubtful);
    }
  }

  private async auditRoom(room: LiveRoom, state: RoomState | undefined, doubtful: boolean): Promise<void> {
    if (this.rooms.get(room.conversation.pk) !== room) return;
    if (room.isEmpty) {
      room.feed.stop();
      this.rooms.delete(room.conversation.pk);
      return;
    }
    if (!state) return;
    room.readFrom = Math.max(room.readFrom, state.readFrom);
    if (state.version > room.version) await this.refresh(room);
    // Messages stored since the last audit may still be on their way; older ones should have arrived.
    if (room.feed.lastSeq < (doubtful ? state.maxSeq : room.auditedSeq)) room.feed.catchUp();
    room.auditedSeq = state.maxSeq;
  }
}

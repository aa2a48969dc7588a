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
import { LiveRoom } from './live-room';
import { RosterExchange } from './roster-sync';
import { type FeedPorts, READ_MAX, RECENT_MAX, type Spoken } from './room-feed';
import { eventFrame, spokenFrame, storedFrame } from './room-frames';
import { StandingsRepository } from '../moderation/room-standings.repository';

/** Rooms that one socket may be in. */
const ROOMS_A_SOCKET = 100;
/** How often what was heard is compared with the log: every 5 s, and every second while a node is cut off. */
const AUDIT_MS = 1000;
const CALM_AUDITS = 5;
const AUDITED_AT_ONCE = 1000;

/** The rooms that somebody is in on this node, each fed from this node's sends, from the bus, and in doubt from the log. */
@Injectable()
export class LiveRooms implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LiveRooms.name);
  private readonly rooms = new Map<number, LiveRoom>();
  private readonly opening = new Map<number, Promise<LiveRoom>>();
  private readonly ofSocket = new Map<Connection, Set<LiveRoom>>();
  private readonly audits = new Periodic(
    AUDIT_MS,
    () => this.audit(),
    (error) => this.logger.debug(`rooms could not be compared with their logs: ${String(error)}`),
  );
  private rounds = 0;
  private doubt = false;

  constructor(
    private readonly bus: Bus,
    private readonly fallback: BusFallback,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
    private readonly passes: Passes,
    private readonly exchange: RosterExchange,
    private readonly standings: StandingsRepository,
    private readonly history: ConversationHistory,
  ) {}

  onModuleInit(): void {
    this.bus.on('chatroom:message', (frame) => this.heard(frame));
    this.bus.onGap(() => (this.doubt = true));
    this.fallback.onCutOff(() => void this.audits.now());
    this.connections.onLeave((connection, onPurpose) => this.gone(connection, !onPurpose));
    this.audits.start();
  }

  onApplicationShutdown(): void {
    this.audits.stop();
    for (const room of this.rooms.values()) room.feed.stop();
  }

  /** A room that somebody is in here. */
  get(pk: number): LiveRoom | undefined {
    return this.rooms.get(pk);
  }

  all(): Iterable<LiveRoom> {
    return this.rooms.values();
  }

  /** Hands a message out on every node: here in its turn at once, elsewhere by the bus. */
  broadcast({ pk }: ConversationRef, { json, at }: Said, exceptSocketId?: string): void {
    const frame = { room: pk, json, seq: at?.seq, version: at?.memberVersion, exceptSocketId };
    this.heard(frame);
    // A stored one is found in the log by nodes that cannot hear this.
    this.bus.toAll('chatroom:message', frame, at !== undefined);
  }

  /** The room on this node, following its log from the moment on at which this resolves. */
  async open(conversation: ConversationRef): Promise<LiveRoom> {
    const known = this.rooms.get(conversation.pk);
    const opening = this.opening.get(conversation.pk);
    if (opening) return opening;
    if (known) return known;
    const opened = this.begin(conversation).finally(() => this.opening.delete(conversation.pk));
    this.opening.set(conversation.pk, opened);
    return opened;
  }

  /** A socket joins. In one turn with the look at the room, so that nothing is said between. */
  seat(room: LiveRoom, connection: Connection, version: number, history: number): void {
    const joined = this.ofSocket.get(connection) ?? new Set();
    if (!joined.has(room) && joined.size >= ROOMS_A_SOCKET) {
      throw new AppError('LIMIT_REACHED', { field: 'chatroomId', details: { limit: ROOMS_A_SOCKET } });
    }
    room.enter(connection, version, history);
    joined.add(room);
    this.ofSocket.set(connection, joined);
  }

  unseat(room: LiveRoom, connection: Connection, lost = false): void {
    room.leave(connection, lost);
    this.forget(room, [connection]);
  }

  /** Puts users out of a room on this node. */
  remove(room: LiveRoom, userPks: readonly number[], version: number, told?: Frame): void {
    this.forget(room, room.remove(userPks, version, told));
  }

  /** The room is closed: nobody is in it any more. */
  dissolve(room: LiveRoom): void {
    room.closed = true;
    this.forget(room, room.dissolve());
    this.rooms.delete(room.conversation.pk);
  }

  /** Brings what this node knows of a room up to the database: who was removed meanwhile is out. */
  async refresh(room: LiveRoom): Promise<void> {
    const { pk, lowPk } = room.conversation;
    const state = (await this.standings.states([pk])).get(pk);
    const removed = await this.standings.removedSince(lowPk, room.version);
    if (!state || this.rooms.get(pk) !== room) return;
    // A ban that was lifted since is told as a removal: its user may come again.
    for (const { userPk, removedVersion, banned } of removed)
      this.putOut(room, [userPk], removedVersion, banned === 1 ? 'banned' : 'removed');
    this.putOut(room, room.before(state.openedVersion), state.openedVersion, 'removed');
    const { stopped } = room;
    room.learn(state);
    if (room.closed) {
      room.tell(eventFrame(room.conversation, { kind: 'closed', by: null, users: [] }));
      this.dissolve(room);
    }
    if (stopped && !room.stopped) this.resume(room);
  }

  /** Those who were removed without this node hearing of it. */
  private putOut(room: LiveRoom, userPks: readonly number[], version: number, kind: 'banned' | 'removed'): void {
    for (const userPk of userPks) {
      const told = { kind, by: null, users: room.namesOf([userPk]) };
      this.remove(room, [userPk], version, eventFrame(room.conversation, told));
    }
  }

  /** What was said while nothing was handed out is in the log. */
  resume(room: LiveRoom): void {
    const { conversationId } = room.conversation;
    room.tell(frameOf('conversation:tip', JSON.stringify({ conversationId, maxSeq: room.feed.have })));
  }

  private forget(room: LiveRoom, sockets: readonly Connection[]): void {
    for (const connection of sockets) {
      const joined = this.ofSocket.get(connection);
      joined?.delete(room);
      if (joined?.size === 0) this.ofSocket.delete(connection);
    }
  }

  private gone(connection: Connection, lost: boolean): void {
    for (const room of [...(this.ofSocket.get(connection) ?? [])]) this.unseat(room, connection, lost);
  }

  private heard({ room: pk, json, seq, version, exceptSocketId }: BusFrames['chatroom:message']): void {
    const room = this.rooms.get(pk);
    if (!room) return;
    const frame = spokenFrame(room.conversation, json, seq);
    if (seq === undefined) room.publish({ frame, exceptSocketId });
    else room.feed.hear({ seq, version: version ?? 0, frame, exceptSocketId });
  }

  /** Hears first, then reads: what is stored after the reading has been heard. */
  private async begin(conversation: ConversationRef): Promise<LiveRoom> {
    const { pk } = conversation;
    const room = new LiveRoom(conversation, new Channel(this.passes, this.outbound), this.outbound, {
      came: (userPk, version) => this.exchange.came(pk, userPk, version),
      left: (userPks) => this.exchange.left(pk, userPks),
      feed: (of) => this.portsOf(of),
    });
    this.rooms.set(pk, room);
    try {
      const state = (await this.standings.states([pk])).get(pk);
      if (!state || state.status === 'closed') throw new AppError('CHATROOM_NOT_FOUND');
      room.learn(state);
      room.feed.start(await this.latest(room), state.maxSeq);
      return room;
    } catch (error) {
      this.rooms.delete(pk);
      throw error;
    }
  }

  private portsOf(room: LiveRoom): FeedPorts {
    return {
      publish: (spoken) => room.publish(spoken),
      version: () => room.version,
      refresh: () => this.refresh(room),
      read: (after) => this.read(room, { after, limit: READ_MAX }),
      latest: () => this.latest(room),
    };
  }

  private async latest(room: LiveRoom): Promise<Spoken[]> {
    return (await this.read(room, { limit: RECENT_MAX })).reverse();
  }

  /** What the log says is at least as old as the version read after it. */
  private async read(room: LiveRoom, bounds: { after?: number; limit: number }): Promise<Spoken[]> {
    const { conversation } = room;
    const messages = await this.history.page(conversation, { from: room.from }, bounds);
    const state = messages.length > 0 && (await this.standings.states([conversation.pk])).get(conversation.pk);
    const version = state ? state.version : 0;
    return messages.map((message) => ({ seq: message.seq, version, frame: storedFrame(message) }));
  }

  /** Nothing that a node misses stays unseen, whatever lost it: the bus, a node that died, or a moment of starting. */
  private async audit(): Promise<void> {
    const doubtful = this.fallback.active || this.doubt;
    if (this.rooms.size === 0 || (!doubtful && ++this.rounds % CALM_AUDITS !== 0)) return;
    this.doubt = false;
    const rooms = [...this.rooms.values()].filter((room) => !this.opening.has(room.conversation.pk));
    for (let at = 0; at < rooms.length; at += AUDITED_AT_ONCE) {
      const some = rooms.slice(at, at + AUDITED_AT_ONCE);
      const states = await this.standings.states(some.map(({ conversation }) => conversation.pk));
      for (const room of some) await this.compare(room, states.get(room.conversation.pk), doubtful);
    }
  }

  private async compare(room: LiveRoom, state: RoomState | undefined, doubtful: boolean): Promise<void> {
    if (this.rooms.get(room.conversation.pk) !== room) return;
    if (room.empty) {
      room.feed.stop();
      this.rooms.delete(room.conversation.pk);
      return;
    }
    if (!state) return;
    room.from = Math.max(room.from, state.readFrom);
    if (state.version > room.version) await this.refresh(room);
    // What was said just now may be on its way; what was there at the last audit should have come.
    if (room.feed.have < (doubtful ? state.maxSeq : room.audited)) room.feed.catchUp();
    room.audited = state.maxSeq;
  }
}

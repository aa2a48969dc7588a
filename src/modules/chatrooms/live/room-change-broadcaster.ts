import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { BusFrames } from '../../../kernel/contracts/bus-frames';
import { Bus } from '../../../platform/realtime/bus';
import { frameOf } from '../../../platform/realtime/frame';
import type { ConversationRef } from '../../conversations';
import { Arrivals } from './membership-announcer';
import type { LiveRoom } from './live-room';
import { LiveRooms } from './live-rooms';
import { NodeQuestions } from './node-requests';
import { eventJson, type RoomEvent } from './room-frames';
import { RosterExchange } from './roster-sync';

/** What has been committed about a room. */
export interface News {
  readonly events: readonly RoomEvent[];
  /** Users who are out. */
  readonly removed?: readonly number[];
  readonly closed?: boolean;
  readonly stopped?: boolean;
}

type Changed = BusFrames['chatroom:changed'];

/** How long a call waits until other nodes have put somebody out. One that does not answer finds it by the version. */
const DONE_MS = 1000;

/** Tells every node what has become of a room, and waits where somebody must hear nothing more. */
@Injectable()
export class RoomNews implements OnModuleInit {
  private readonly logger = new Logger(RoomNews.name);

  constructor(
    private readonly bus: Bus,
    private readonly questions: NodeQuestions,
    private readonly rooms: LiveRooms,
    private readonly exchange: RosterExchange,
    private readonly arrivals: Arrivals,
  ) {}

  onModuleInit(): void {
    this.bus.on('chatroom:changed', (frame, from) => {
      this.apply(frame);
      this.exchange.sayNow();
      if (frame.ask) this.questions.answer(from, frame.ask);
    });
  }

  /** Resolves when all nodes that are known to have one of the removed say that they are out, a second later at most. */
  async spread(conversation: ConversationRef, version: number, news: News): Promise<void> {
    const { pk } = conversation;
    const { removed = [], closed, stopped } = news;
    const concerned = closed ? this.exchange.rosters.users(pk) : removed;
    const nodes = this.exchange.rosters
      .nodesOf(pk, concerned)
      .filter((node) => node !== this.bus.nodeId && this.bus.peers.includes(node));
    const events = news.events.map((event) => eventJson(conversation, event));
    const frame: Changed = { room: pk, version, events, removed: [...removed], closed, stopped };
    this.apply(frame);
    this.exchange.sayNow();
    if (nodes.length === 0 || !this.bus.healthy) return this.bus.toAll('chatroom:changed', frame);
    await this.questions.ask(nodes, DONE_MS, (ask) => this.bus.toAll('chatroom:changed', { ...frame, ask }));
  }

  private apply({ room: pk, version, events, removed, closed, stopped }: Changed): void {
    const room = this.rooms.get(pk);
    if (!room) return;
    const frames = events.map((json) => frameOf('chatroom:event', json));
    if (removed.length > 0) {
      this.arrivals.removed(pk, removed);
      this.rooms.remove(room, removed, version, frames[0]);
    }
    // Who was removed has been told above, or by the database before it came in again.
    for (const frame of frames) room.tell(frame, removed);
    if (closed) return this.rooms.dissolve(room);
    if (version > room.version) this.advance(room, version, removed.length > 0 || stopped !== undefined, stopped);
  }

  /**
   * A change that raised the version is the next one itself; if there were others between, they are read. One that did
   * not (an event only) tells of a version that another raised.
   */
  private advance(room: LiveRoom, version: number, raised: boolean, stopped: boolean | undefined): void {
    if (!raised || version !== room.version + 1) {
      this.rooms.refresh(room).catch((error: unknown) => this.logger.debug(`a room is known later: ${String(error)}`));
      return;
    }
    room.version = version;
    if (stopped === undefined) return;
    room.stopped = stopped;
    if (!stopped) this.rooms.resume(room);
  }
}

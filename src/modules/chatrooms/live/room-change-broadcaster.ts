import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { BusFrames } from '../../../kernel/contracts/bus-frames';
import { Bus } from '../../../platform/realtime/bus';
import { frameOf } from '../../../platform/realtime/frame';
import type { ConversationRef } from '../../conversations';
import { MembershipAnnouncer } from './membership-announcer';
import type { LiveRoom } from './live-room';
import { LiveRooms } from './live-rooms';
import { NodeRequests } from './node-requests';
import { eventJson, type RoomEvent } from './room-frames';
import { RosterSync } from './roster-sync';

/** A committed change of a room, as other nodes apply it. */
export interface RoomChange {
  readonly events: readonly RoomEvent[];
  /** Users who are no longer members. */
  readonly removed?: readonly number[];
  readonly closed?: boolean;
  /** Whether distribution is stopped; absent when that has not changed. */
  readonly stopped?: boolean;
}

type ChangedFrame = BusFrames['chatroom:changed'];

/** How long a call waits for other nodes to remove members. A node that does not answer notices by the version. */
const ANSWER_TIMEOUT_MS = 1000;

/** Broadcasts committed changes of rooms to all nodes, and waits for the nodes that have to remove members. */
@Injectable()
export class RoomChangeBroadcaster implements OnModuleInit {
  private readonly logger = new Logger(RoomChangeBroadcaster.name);

  constructor(
    private readonly bus: Bus,
    private readonly requests: NodeRequests,
    private readonly rooms: LiveRooms,
    private readonly rosterSync: RosterSync,
    private readonly announcer: MembershipAnnouncer,
  ) {}

  onModuleInit(): void {
    this.bus.on('chatroom:changed', (frame, from) => {
      this.apply(frame);
      this.rosterSync.flush();
      if (frame.ask) this.requests.answer(from, frame.ask);
    });
  }

  /** Resolves when all nodes with removed members have confirmed their removal, after a second at the latest. */
  async broadcast(conversation: ConversationRef, version: number, change: RoomChange): Promise<void> {
    const { pk } = conversation;
    const { removed = [], closed, stopped } = change;
    const leaving = closed ? this.rosterSync.rosters.users(pk) : removed;
    const nodes = this.rosterSync.rosters
      .nodesWith(pk, leaving)
      .filter((node) => node !== this.bus.nodeId && this.bus.peers.includes(node));
    const events = change.events.map((event) => eventJson(conversation, event));
    const frame: ChangedFrame = { room: pk, version, events, removed: [...removed], closed, stopped };
    this.apply(frame);
    this.rosterSync.flush();
    if (nodes.length === 0 || !this.bus.healthy) return this.bus.toAll('chatroom:changed', frame);
    await this.requests.send(nodes, ANSWER_TIMEOUT_MS, (ask) => this.bus.toAll('chatroom:changed', { ...frame, ask }));
  }

  private apply({ room: pk, version, events, removed, closed, stopped }: ChangedFrame): void {
    const room = this.rooms.get(pk);
    if (!room) return;
    const frames = events.map((json) => frameOf('chatroom:event', json));
    if (removed.length > 0) {
      this.announcer.suppressLeft(pk, removed);
      this.rooms.remove(room, removed, version, frames[0]);
    }
    // Removed users have got the event as their last frame, here or when a refresh found their removal.
    for (const frame of frames) room.notify(frame, removed);
    if (closed) return this.rooms.close(room);
    if (version > room.version) this.advance(room, version, removed.length > 0 || stopped !== undefined, stopped);
  }

  /**
   * A change that raised the version by one is applied as it is. Otherwise this node has missed changes and reads the
   * room's state: several versions were raised, or the frame is an event that mentions a version raised by another one.
   */
  private advance(room: LiveRoom, version: number, raised: boolean, stopped: boolean | undefined): void {
    if (!raised || version !== room.version + 1) {
      this.rooms
        .refresh(room)
        .catch((error: unknown) =>
          this.logger.debug(
            `Missed changes of room ${room.conversation.pk} could not be read; they are read again before its next message: ${String(error)}`,
          ),
        );
      return;
    }
    room.version = version;
    if (stopped === undefined) return;
    room.stopped = stopped;
    if (!stopped) this.rooms.sendPullHint(room);
  }
}

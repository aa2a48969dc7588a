import { PageBudget } from '../../../platform/entry/page-budget';
import type { Connection } from '../../../platform/realtime/connection';
import type { Channel } from '../../../platform/realtime/channel';
import type { Frame } from '../../../platform/realtime/frame';
import type { Outbound } from '../../../platform/realtime/outbound';
import type { ConversationRef } from '../../conversations';
import type { RoomState } from '../rooms/chatroom-records';
import { RoomFeed, type FeedPorts, type RoomMessage } from './room-feed';

/** A user whose last connection broke stays a member for this long, because most clients reconnect. */
const GRACE_MS = 5000;

/** History sent on joining stays below the outbound limit at which a socket counts as slow; clients pull the rest. */
const HISTORY_BYTES = 128 * 1024;

/** A member of the room and their sockets on this node. */
interface LocalMember {
  /** The room's version when they joined. */
  version: number;
  readonly sockets: Set<Connection>;
  /** Runs while their last connection is broken; they leave when it fires. */
  grace?: NodeJS.Timeout;
}

export interface RoomPorts {
  joined(userPk: number, version: number): void;
  left(userPks: readonly number[]): void;
  /** Creates the ports through which the room's feed reads and publishes. */
  feed(room: LiveRoom): FeedPorts;
}

/** A room on this node: its members' sockets here and the feed that they receive. Exists while it has members here. */
export class LiveRoom {
  readonly feed: RoomFeed;
  /** The conversation's memberVersion up to which every removal has been applied to `members`. */
  version = 0;
  /** The first seq that members may read. */
  readFrom = 1;
  stopped = false;
  closed = false;
  /** The log's last seq at the previous audit; a feed that is still behind it at the next one has missed messages. */
  auditedSeq = 0;
  private readonly members = new Map<number, LocalMember>();

  constructor(
    readonly conversation: ConversationRef,
    private readonly channel: Channel,
    private readonly outbound: Outbound,
    private readonly ports: RoomPorts,
  ) {
    this.feed = new RoomFeed(ports.feed(this));
  }

  get isEmpty(): boolean {
    return this.members.size === 0;
  }

  /** Takes over the state read from the database, except removals, which `remove` applies. */
  applyState({ version, readFrom, status, distributionStopped }: RoomState): void {
    this.version = Math.max(this.version, version);
    this.readFrom = Math.max(this.readFrom, readFrom);
    this.closed = status === 'closed';
    this.stopped = distributionStopped === 1;
  }

  /**
   * Adds a socket: it receives the latest messages and then every later one, without gaps or duplicates, because both
   * happen in one turn of the event loop. A socket that has joined already is left as it is.
   *
   * @param version - the room's version at which the join was allowed
   * @param history - how many of the latest messages to send
   */
  enter(connection: Connection, version: number, history: number): void {
    const { userPk } = connection.caller;
    let member = this.members.get(userPk);
    if (member?.sockets.has(connection)) return;
    if (!member) {
      this.members.set(userPk, (member = { version, sockets: new Set() }));
      this.ports.joined(userPk, version);
    } else if (member.version < version) {
      member.version = version;
      this.ports.joined(userPk, version);
    }
    clearTimeout(member.grace);
    member.grace = undefined;
    member.sockets.add(connection);
    for (const { frame } of this.latest(history)) this.outbound.write(connection, frame);
    this.channel.add(connection);
  }

  /** Removes a socket. `lost`: the connection broke, so the user stays a member for the grace period. */
  leave(connection: Connection, lost: boolean): void {
    const { userPk } = connection.caller;
    const member = this.members.get(userPk);
    if (!member?.sockets.delete(connection)) return;
    this.channel.remove(connection);
    if (member.sockets.size > 0) return;
    if (lost) member.grace = setTimeout(() => this.removeMember(userPk), GRACE_MS).unref();
    else this.removeMember(userPk);
  }

  /** The members who joined before this version. */
  membersBefore(version: number): number[] {
    return [...this.members].flatMap(([userPk, member]) => (member.version < version ? [userPk] : []));
  }

  /** Public ids of those among these users who have a socket on this node. */
  userIdsOf(userPks: readonly number[]): string[] {
    return userPks.flatMap((userPk) => {
      const [connection] = this.members.get(userPk)?.sockets ?? [];
      return connection ? [connection.caller.userId] : [];
    });
  }

  /**
   * Removes those of these users who joined before this version. Their sockets get `lastFrame` and nothing after it.
   *
   * @returns the removed sockets
   */
  remove(userPks: readonly number[], version: number, lastFrame: Frame | undefined): Connection[] {
    const out = userPks.filter((userPk) => (this.members.get(userPk)?.version ?? Infinity) < version);
    const sockets = out.flatMap((userPk) => [...(this.members.get(userPk)?.sockets ?? [])]);
    for (const connection of sockets) {
      this.channel.remove(connection);
      if (lastFrame) this.outbound.write(connection, lastFrame);
    }
    for (const userPk of out) this.deleteMember(userPk);
    if (out.length > 0) this.ports.left(out);
    return sockets;
  }

  /** Removes everybody; frames already queued for them are still sent. */
  close(): Connection[] {
    const sockets = [...this.members.values()].flatMap((member) => [...member.sockets]);
    const users = [...this.members.keys()];
    for (const userPk of users) this.deleteMember(userPk);
    this.ports.left(users);
    this.feed.stop();
    return sockets;
  }

  publishMessage(message: Pick<RoomMessage, 'frame' | 'exceptSocketId'>): void {
    if (!this.stopped) this.channel.publish(message.frame, message.exceptSocketId);
  }

  /** Sends a frame to everybody but the users in `except`, also while distribution is stopped. */
  notify(frame: Frame, except: readonly number[] = []): void {
    const sockets = except.flatMap((userPk) => [...(this.members.get(userPk)?.sockets ?? [])]);
    this.channel.publish(
      frame,
      sockets.map(({ socket }) => socket.id),
    );
  }

  private latest(count: number): RoomMessage[] {
    if (this.stopped || count === 0) return [];
    const latest = this.feed.recent.slice(-count).filter(({ seq }) => seq >= this.readFrom);
    const fitting = new PageBudget(HISTORY_BYTES).fill(
      latest.reverse(),
      ({ frame: { options } }) => options.wsPreEncodedFrame[0].length,
    );
    return fitting.reverse();
  }

  private removeMember(userPk: number): void {
    if (!this.members.has(userPk)) return;
    this.deleteMember(userPk);
    this.ports.left([userPk]);
  }

  private deleteMember(userPk: number): void {
    clearTimeout(this.members.get(userPk)?.grace);
    this.members.delete(userPk);
  }
}

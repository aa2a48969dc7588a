import { PageBudget } from '../../../platform/entry/page-budget';
import type { Connection } from '../../../platform/realtime/connection';
import type { Channel } from '../../../platform/realtime/channel';
import type { Frame } from '../../../platform/realtime/frame';
import type { Outbound } from '../../../platform/realtime/outbound';
import type { ConversationRef } from '../../conversations';
import type { RoomState } from '../rooms/chatroom-records';
import { RoomFeed, type FeedPorts, type Spoken } from './room-feed';

/** How long a user whose connection broke is still in: it comes back, most of the time. */
const GRACE_MS = 5000;

/** What a socket that joins is shown at once: less than what makes it a slow one. The rest it pulls. */
const HISTORY_BYTES = 128 * 1024;

/** A user in a room, with the sockets of this node that joined. */
interface Seat {
  /** The room's version when it came in. */
  version: number;
  readonly sockets: Set<Connection>;
  /** Set while its last connection is broken. */
  grace?: NodeJS.Timeout;
}

export interface RoomPorts {
  came(userPk: number, version: number): void;
  left(userPks: readonly number[]): void;
  /** Makes a room's ports for its feed. */
  feed(room: LiveRoom): FeedPorts;
}

/** One room on one node: the sockets that joined here, and what they hear. Lives while anybody is in it here. */
export class LiveRoom {
  readonly feed: RoomFeed;
  /** What is known of it is of this version: every removal up to it has been applied to the seats. */
  version = 0;
  /** First seq that anybody reads. */
  from = 1;
  stopped = false;
  closed = false;
  /** Where the log ended at the last audit; a feed that is still behind that at the next one has missed something. */
  audited = 0;
  private readonly seats = new Map<number, Seat>();

  constructor(
    readonly conversation: ConversationRef,
    private readonly channel: Channel,
    private readonly outbound: Outbound,
    private readonly ports: RoomPorts,
  ) {
    this.feed = new RoomFeed(ports.feed(this));
  }

  get empty(): boolean {
    return this.seats.size === 0;
  }

  /** Takes over what the database says; removals are applied by themselves. */
  learn({ version, readFrom, status, distributionStopped }: RoomState): void {
    this.version = Math.max(this.version, version);
    this.from = Math.max(this.from, readFrom);
    this.closed = status === 'closed';
    this.stopped = distributionStopped === 1;
  }

  /**
   * Lets a socket in: it gets the latest messages and then hears all that follow, none missing between and none twice.
   * A socket that is in already stays, and is not told again.
   */
  enter(connection: Connection, version: number, history: number): void {
    const { userPk } = connection.caller;
    let seat = this.seats.get(userPk);
    if (seat?.sockets.has(connection)) return;
    if (!seat) {
      this.seats.set(userPk, (seat = { version, sockets: new Set() }));
      this.ports.came(userPk, version);
    } else if (seat.version < version) {
      seat.version = version;
      this.ports.came(userPk, version);
    }
    clearTimeout(seat.grace);
    seat.grace = undefined;
    seat.sockets.add(connection);
    for (const { frame } of this.latest(history)) this.outbound.write(connection, frame);
    this.channel.add(connection);
  }

  /** A socket leaves, or has gone. `lost`: without a word, so that its user is in for a while longer. */
  leave(connection: Connection, lost: boolean): void {
    const { userPk } = connection.caller;
    const seat = this.seats.get(userPk);
    if (!seat?.sockets.delete(connection)) return;
    this.channel.remove(connection);
    if (seat.sockets.size > 0) return;
    if (lost) seat.grace = setTimeout(() => this.vacate(userPk), GRACE_MS).unref();
    else this.vacate(userPk);
  }

  hasSocket(connection: Connection): boolean {
    return this.seats.get(connection.caller.userPk)?.sockets.has(connection) === true;
  }

  isIn(userPk: number): boolean {
    return this.seats.has(userPk);
  }

  /** Who came in before this version. */
  before(version: number): number[] {
    return [...this.seats].flatMap(([userPk, seat]) => (seat.version < version ? [userPk] : []));
  }

  /** The ids of those who have a socket here. */
  namesOf(userPks: readonly number[]): string[] {
    return userPks.flatMap((userPk) => {
      const [connection] = this.seats.get(userPk)?.sockets ?? [];
      return connection ? [connection.caller.userId] : [];
    });
  }

  /** Puts users out who came before this version; each of their sockets hears what it is told, and nothing after it. */
  remove(userPks: readonly number[], version: number, told: Frame | undefined): Connection[] {
    const out = userPks.filter((userPk) => (this.seats.get(userPk)?.version ?? Infinity) < version);
    const sockets = out.flatMap((userPk) => [...(this.seats.get(userPk)?.sockets ?? [])]);
    for (const connection of sockets) {
      this.channel.remove(connection);
      if (told) this.outbound.write(connection, told);
    }
    for (const userPk of out) this.forget(userPk);
    if (out.length > 0) this.ports.left(out);
    return sockets;
  }

  /** Everybody goes. What was said last is still on its way to them, and nothing follows it. */
  dissolve(): Connection[] {
    const sockets = [...this.seats.values()].flatMap((seat) => [...seat.sockets]);
    const users = [...this.seats.keys()];
    for (const userPk of users) this.forget(userPk);
    this.ports.left(users);
    this.feed.stop();
    return sockets;
  }

  publish(spoken: Pick<Spoken, 'frame' | 'exceptSocketId'>): void {
    if (!this.stopped) this.channel.publish(spoken.frame, spoken.exceptSocketId);
  }

  /** Also while messages are not handed out. `except`: users who are not told. */
  tell(frame: Frame, except: readonly number[] = []): void {
    const sockets = except.flatMap((userPk) => [...(this.seats.get(userPk)?.sockets ?? [])]);
    this.channel.publish(
      frame,
      sockets.map(({ socket }) => socket.id),
    );
  }

  private latest(count: number): Spoken[] {
    if (this.stopped || count === 0) return [];
    const latest = this.feed.recent.slice(-count).filter(({ seq }) => seq >= this.from);
    const fitting = new PageBudget(HISTORY_BYTES).fill(
      latest.reverse(),
      ({ frame: { options } }) => options.wsPreEncodedFrame[0].length,
    );
    return fitting.reverse();
  }

  private vacate(userPk: number): void {
    if (!this.seats.has(userPk)) return;
    this.forget(userPk);
    this.ports.left([userPk]);
  }

  private forget(userPk: number): void {
    clearTimeout(this.seats.get(userPk)?.grace);
    this.seats.delete(userPk);
  }
}

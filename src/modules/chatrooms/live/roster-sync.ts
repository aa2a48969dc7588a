import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { BusFrames } from '../../../kernel/contracts/bus-frames';
import { Bus } from '../../../platform/realtime/bus';
import { BusFallback } from '../../../platform/realtime/bus-fallback';
import { Drainables } from '../../../platform/lifecycle/drainables';
import { NodeRequests } from './node-requests';
import { Rosters, type RosterChange } from './rosters';

/** Changes within this time go out in one frame, so that a storm of joins costs only a few. */
const COALESCE_MS = 20;
/**
 * The members of a node are dropped when it has been missing from the bus's peers for this long. Together with the
 * detection time that is below the five seconds for which a lost socket's user stays a member.
 */
const NODE_LOSS_GRACE_MS = 1000;
/** How long other nodes may take to answer; after that this node answers from what it knows. */
const ANSWER_TIMEOUT_MS = 500;

interface Pending {
  joined: Map<number, number>;
  left: Set<number>;
}

/**
 * Keeps the rosters of all nodes the same. Every node announces who joins and leaves on it; a node that has missed frames
 * requests the full rosters of all others. Nothing is stored: after a loss the nodes that hold the sockets announce again.
 */
@Injectable()
export class RosterSync implements OnModuleInit {
  readonly rosters = new Rosters();
  private readonly pending = new Map<number, Pending>();
  private readonly missingSince = new Map<string, number>();
  private readonly waiters = new Set<{ room: number; userPks: Set<number>; resolve: () => void }>();
  private timer: NodeJS.Timeout | undefined;
  private rostersRequested = false;

  constructor(
    private readonly bus: Bus,
    private readonly requests: NodeRequests,
    private readonly fallback: BusFallback,
    shutdown: Drainables,
  ) {
    shutdown.register('workers', () => Promise.resolve(this.flush()));
    this.rosters.onChange((change) => this.resolveWaiters(change));
  }

  onModuleInit(): void {
    this.bus.on('chatroom:roster', ({ rooms, whole }, from) => {
      for (const [room, joined, left] of rooms) {
        if (whole) this.rosters.replace(from, room, joined);
        else this.rosters.apply(from, room, joined, left);
      }
    });
    this.bus.on('chatroom:rooms', ({ rooms }, from) => this.rosters.keepOnly(from, rooms));
    this.bus.on('chatroom:ask', (request, from) => this.answer(request, from));
    this.bus.onGap(() => this.bus.toAll('chatroom:ask', {}));
    this.bus.onHeartbeat(() => this.onHeartbeat(performance.now()));
  }

  /** Announces a user's first joined socket on this node, or a newer version of their visit. */
  joined(room: number, userPk: number, version: number): void {
    this.rosters.apply(this.bus.nodeId, room, [[userPk, version]], []);
    const pending = this.pendingOf(room);
    pending.left.delete(userPk);
    pending.joined.set(userPk, version);
  }

  /** Announces users who have left the room on this node. */
  left(room: number, userPks: readonly number[]): void {
    this.rosters.apply(this.bus.nodeId, room, [], userPks);
    const pending = this.pendingOf(room);
    for (const userPk of userPks) {
      pending.joined.delete(userPk);
      pending.left.add(userPk);
    }
  }

  /** Whether a user is in the room. Asks the other nodes when this one does not know, since the join may just have happened there. */
  async confirm(room: number, userPk: number): Promise<boolean> {
    if (this.rosters.has(room, userPk)) return true;
    if (this.bus.peers.length === 0 || !this.bus.healthy) return false;
    await this.requests.send(this.bus.peers, ANSWER_TIMEOUT_MS, (ask) => {
      this.bus.toAll('chatroom:ask', { about: { room, userPk, ask } });
    });
    return this.rosters.has(room, userPk);
  }

  /** Resolves when all of these users are in the room, or after the timeout. */
  waitFor(room: number, userPks: readonly number[], timeoutMs: number): Promise<void> {
    const missing = new Set(userPks.filter((userPk) => !this.rosters.has(room, userPk)));
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter = { room, userPks: missing, resolve: () => finish() };
      const timer = setTimeout(() => finish(), timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        this.waiters.delete(waiter);
        resolve();
      };
      this.waiters.add(waiter);
    });
  }

  private resolveWaiters({ room, joined }: RosterChange): void {
    for (const waiter of this.waiters) {
      if (waiter.room !== room) continue;
      for (const userPk of joined) waiter.userPks.delete(userPk);
      if (waiter.userPks.size === 0) waiter.resolve();
    }
  }

  private pendingOf(room: number): Pending {
    this.timer ??= setTimeout(() => this.flush(), COALESCE_MS);
    let pending = this.pending.get(room);
    if (!pending) this.pending.set(room, (pending = { joined: new Map(), left: new Set() }));
    return pending;
  }

  /** Announces pending changes now, so that they precede the frames that the caller sends next. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.size === 0) return;
    const rooms: BusFrames['chatroom:roster']['rooms'] = [];
    for (const [room, { joined, left }] of this.pending) rooms.push([room, [...joined], [...left]]);
    this.pending.clear();
    this.bus.toAll('chatroom:roster', { rooms });
  }

  private answer({ about }: BusFrames['chatroom:ask'], from: string): void {
    if (about) return this.answerAboutUser(about, from);
    // Pending changes go out first: after the full rosters they would be outdated.
    this.flush();
    const all: number[] = [];
    for (const [own, visits] of this.rosters.of(this.bus.nodeId)) {
      all.push(own);
      const joined = visits.map(([user, version]): [number, number] => [user, version]);
      this.bus.toNodes([from], 'chatroom:roster', { rooms: [[own, joined, []]], whole: true });
    }
    this.bus.toNodes([from], 'chatroom:rooms', { rooms: all });
  }

  private answerAboutUser({ room, userPk, ask }: { room: number; userPk: number; ask: string }, from: string): void {
    const version = this.rosters.versionOn(this.bus.nodeId, room, userPk);
    if (version !== undefined)
      this.bus.toNodes([from], 'chatroom:roster', { rooms: [[room, [[userPk, version]], []]] });
    this.requests.answer(from, ask);
  }

  /** Drops the members of nodes that are gone. While this node is cut off from Redis, silence proves nothing. */
  private onHeartbeat(now: number): void {
    if (!this.bus.healthy && !this.fallback.hearsAll) return this.missingSince.clear();
    if (!this.rostersRequested) {
      this.rostersRequested = true;
      this.bus.toAll('chatroom:ask', {});
    }
    for (const node of this.rosters.nodes()) {
      if (node === this.bus.nodeId || this.bus.peers.includes(node)) {
        this.missingSince.delete(node);
        continue;
      }
      const since = this.missingSince.get(node);
      if (since === undefined) this.missingSince.set(node, now);
      else if (now - since >= NODE_LOSS_GRACE_MS) {
        this.missingSince.delete(node);
        this.rosters.keepOnly(node, []);
      }
    }
  }
}

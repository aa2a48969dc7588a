import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { BusFrames } from '../../../kernel/contracts/bus-frames';
import { Bus } from '../../../platform/realtime/bus';
import { BusFallback } from '../../../platform/realtime/bus-fallback';
import { Drainables } from '../../../platform/lifecycle/drainables';
import { NodeQuestions } from './node-requests';
import { Rosters, type RosterChange, type Visit } from './rosters';

/** What changes within this time is said together: a storm of joins is a few frames. */
const GATHER_MS = 20;
/**
 * A node that counts as gone for so long more (while nodes hear each other) has taken its visitors with it: not five seconds after
 * it was last heard, the grace of a lost socket.
 */
const VANISHED_MS = 1000;
/** How long the other nodes may take to answer; after that, what this node knows is the answer. */
const ASK_MS = 500;

interface Pending {
  came: Map<number, number>;
  left: Set<number>;
}

/**
 * Keeps every node's rosters alike. Nodes say who came to them and who left; who has missed something asks all the
 * others for the whole. Nothing of it is stored: after any loss it is said again by those who hold the sockets.
 */
@Injectable()
export class RosterExchange implements OnModuleInit {
  readonly rosters = new Rosters();
  private readonly pending = new Map<number, Pending>();
  private readonly vanished = new Map<string, number>();
  private readonly hopes = new Set<{ room: number; userPks: Set<number>; done: () => void }>();
  private timer: NodeJS.Timeout | undefined;
  private greeted = false;

  constructor(
    private readonly bus: Bus,
    private readonly questions: NodeQuestions,
    private readonly fallback: BusFallback,
    drainables: Drainables,
  ) {
    drainables.register('workers', () => Promise.resolve(this.sayNow()));
    this.rosters.onChange((change) => this.fulfil(change));
  }

  onModuleInit(): void {
    this.bus.on('chatroom:roster', ({ rooms, whole }, from) => {
      for (const [room, came, left] of rooms) {
        if (whole) this.rosters.replace(from, room, came);
        else this.rosters.apply(from, room, came, left);
      }
    });
    this.bus.on('chatroom:rooms', ({ rooms }, from) => this.rosters.keepOnly(from, rooms));
    this.bus.on('chatroom:ask', (question, from) => this.answer(question, from));
    this.bus.onGap(() => this.bus.toAll('chatroom:ask', {}));
    this.bus.onHeartbeat(() => this.onHeartbeat(performance.now()));
  }

  /** A user came to this node (with its first joined socket here). */
  came(room: number, userPk: number, version: number): void {
    this.rosters.apply(this.bus.nodeId, room, [[userPk, version]], []);
    const pending = this.pendingOf(room);
    pending.left.delete(userPk);
    pending.came.set(userPk, version);
  }

  /** Users are no longer in on this node. */
  left(room: number, userPks: readonly number[]): void {
    this.rosters.apply(this.bus.nodeId, room, [], userPks);
    const pending = this.pendingOf(room);
    for (const userPk of userPks) {
      pending.came.delete(userPk);
      pending.left.add(userPk);
    }
  }

  /** Whether a user is in, asking the others where this node has not heard of it: it may have joined there just now. */
  async confirm(room: number, userPk: number): Promise<boolean> {
    if (this.rosters.has(room, userPk)) return true;
    if (this.bus.peers.length === 0 || !this.bus.healthy) return false;
    await this.questions.ask(this.bus.peers, ASK_MS, (ask) => {
      this.bus.toAll('chatroom:ask', { about: { room, userPk, ask } });
    });
    return this.rosters.has(room, userPk);
  }

  /** Resolves when all of these users are in, or when the time is over. */
  until(room: number, userPks: readonly number[], timeoutMs: number): Promise<void> {
    const missing = new Set(userPks.filter((userPk) => !this.rosters.has(room, userPk)));
    if (missing.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const hope = { room, userPks: missing, done: () => finish() };
      const timer = setTimeout(() => finish(), timeoutMs);
      const finish = (): void => {
        clearTimeout(timer);
        this.hopes.delete(hope);
        resolve();
      };
      this.hopes.add(hope);
    });
  }

  private fulfil({ room, came }: RosterChange): void {
    for (const hope of this.hopes) {
      if (hope.room !== room) continue;
      for (const userPk of came) hope.userPks.delete(userPk);
      if (hope.userPks.size === 0) hope.done();
    }
  }

  private pendingOf(room: number): Pending {
    this.timer ??= setTimeout(() => this.sayNow(), GATHER_MS);
    let pending = this.pending.get(room);
    if (!pending) this.pending.set(room, (pending = { came: new Map(), left: new Set() }));
    return pending;
  }

  /** What has changed here is said before whatever follows. */
  sayNow(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.size === 0) return;
    const rooms: BusFrames['chatroom:roster']['rooms'] = [];
    for (const [room, { came, left }] of this.pending) rooms.push([room, [...came], [...left]]);
    this.pending.clear();
    this.bus.toAll('chatroom:roster', { rooms });
  }

  private answer({ about }: BusFrames['chatroom:ask'], from: string): void {
    if (about) return this.answerAbout(about, from);
    // What is pending was said before the whole, so that nothing older follows it.
    this.sayNow();
    const all: number[] = [];
    for (const [own, visits] of this.rosters.of(this.bus.nodeId)) {
      all.push(own);
      const came = visits.map(([user, version]): [number, number] => [user, version]);
      this.bus.toNodes([from], 'chatroom:roster', { rooms: [[own, came, []]], whole: true });
    }
    this.bus.toNodes([from], 'chatroom:rooms', { rooms: all });
  }

  private answerAbout({ room, userPk, ask }: { room: number; userPk: number; ask: string }, from: string): void {
    const version = this.rosters.versionOn(this.bus.nodeId, room, userPk);
    if (version !== undefined)
      this.bus.toNodes([from], 'chatroom:roster', { rooms: [[room, [[userPk, version]], []]] });
    this.questions.answer(from, ask);
  }

  /** A node that has gone takes its visitors with it; that Redis has says nothing about the nodes. */
  private onHeartbeat(now: number): void {
    if (!this.bus.healthy && !this.fallback.hearsAll) return this.vanished.clear();
    if (!this.greeted) {
      this.greeted = true;
      this.bus.toAll('chatroom:ask', {});
    }
    for (const node of this.rosters.nodes()) {
      if (node === this.bus.nodeId || this.bus.peers.includes(node)) {
        this.vanished.delete(node);
        continue;
      }
      const since = this.vanished.get(node);
      if (since === undefined) this.vanished.set(node, now);
      else if (now - since >= VANISHED_MS) {
        this.vanished.delete(node);
        this.rosters.keepOnly(node, []);
      }
    }
  }
}

export type { Visit };

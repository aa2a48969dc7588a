import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { BusFrames, KickReason } from '../../kernel/contracts/bus-frames';
import type { WireMessage } from '../../kernel/contracts/message';
import type { ServerEventName, ServerEvents } from '../../kernel/contracts/socket-events';
import { Bus } from './bus';
import { BusFallback } from './bus-fallback';
import { Connections, type PresenceChange } from './connections';
import { FanOut } from './fan-out';
import { HearersHere } from './hearers-here';
import { Kicks } from './kicks';
import { type EmitOptions, Encoded, type FindHearers, type ForgetListener, Live, type PublishState } from './live';
import { fanOutByBus } from './metrics';
import { PUSH_BYTES_MAX } from './outbound';
import { Presence } from './presence';
import { ProofLease } from './proof-lease';
import { type LiveDevice, Routes } from './routes';
import { within } from '../redis/within';

type Tip = ServerEvents['conversation:tip'];

/** Beyond this many users, asking where each one is costs more than telling every node. */
const ROUTED_USERS_MAX = 64;

/** Who asks where somebody is waits for Redis no longer than this. */
const ANSWER_MS = 500;

@Injectable()
export class LiveService extends Live implements OnModuleInit {
  private readonly forgetters = new Map<BusFrames['forget']['cache'], ForgetListener[]>();

  /** What listeners still do to forget. */
  private readonly forgetting = new Set<Promise<void>>();

  constructor(
    private readonly connections: Connections,
    private readonly fanOut: FanOut,
    private readonly hearersHere: HearersHere,
    private readonly kicks: Kicks,
    private readonly bus: Bus,
    private readonly fallback: BusFallback,
    private readonly routes: Routes,
    private readonly presence: Presence,
    private readonly lease: ProofLease,
  ) {
    super();
  }

  onModuleInit(): void {
    this.bus.on('deliver', (frame) => this.deliverFromBus(frame));
    this.bus.on('forget', (frame, from) => this.forgetHere(frame, from));
  }

  toUsers<E extends ServerEventName>(
    appPk: number,
    userPks: readonly number[],
    event: E,
    data: ServerEvents[E] | Encoded,
    options: EmitOptions = {},
  ): void {
    const { exceptSocketId, stream, onWritten } = options;
    const said = encode(event, data);
    const { json, tip } = said;
    this.fanOut.deliver({ appPk, userPks, event: said.event, json, exceptSocketId, tip, onWritten }, stream);
    if (options.localOnly || this.isAlone) return;
    const sentAtMs = Date.now();
    const { logged = false } = options;
    // Where somebody is cut off, no route says who is there now: what is in no log goes to all.
    if (userPks.length <= ROUTED_USERS_MAX && this.bus.healthy && (logged || !this.fallback.active)) {
      void this.deliverByRoute({ appPk, userPks, event: said.event, json, exceptSocketId, stream, sentAtMs }, logged);
      return;
    }
    const hearers = stream === undefined ? undefined : options.hearers;
    const named = hearers ? [] : userPks;
    this.bus.toAll(
      'deliver',
      {
        appPk,
        userPks: named,
        event: said.event,
        json,
        exceptSocketId,
        stream,
        hearers,
        tip,
        sentAtMs,
      },
      logged,
    );
  }

  async publishState(): Promise<PublishState> {
    if (await this.bus.confirmed()) return 'confirmed';
    return this.fallback.announced ? 'via-database' : 'unknown';
  }

  onMissedFrames(listener: () => void): void {
    this.bus.onGap(listener);
  }

  onPresenceUncertain(listener: () => void): void {
    this.bus.onGap(listener);
    this.bus.onPeers(listener);
  }

  /** A node that hears nobody because it is cut off itself is not alone. */
  private get isAlone(): boolean {
    return this.bus.peers.length === 0 && !this.fallback.active;
  }

  hearersBy(find: FindHearers): void {
    this.hearersHere.find = find;
  }

  kick(
    userPk: number,
    sessionPks: readonly number[],
    reason: KickReason,
    options: { byPlatform?: string; before?: number } = {},
  ): void {
    const frame = { userPk, sessionPks: [...sessionPks], reason, ...options };
    this.kicks.kick(frame);
    this.bus.toAll('kick', frame);
  }

  forget(key: BusFrames['forget']): void {
    this.forgetHere(key);
    this.bus.toAll('forget', key);
  }

  async forgetEverywhere(...keys: BusFrames['forget'][]): Promise<void> {
    const last = keys.at(-1);
    if (!last) return;
    for (const key of keys) this.forgetHere(key);
    for (const key of keys.slice(0, -1)) this.bus.toAll('forget', key);
    await Promise.all([
      this.forgettingHere(),
      this.lease.revoked((ask) => this.bus.toAll('forget', { cache: last.cache, appPk: last.appPk, pk: last.pk, ask })),
    ]);
  }

  onForget(cache: BusFrames['forget']['cache'], listener: ForgetListener): void {
    const known = this.forgetters.get(cache);
    if (known) known.push(listener);
    else this.forgetters.set(cache, [listener]);
  }

  onPresence(listener: (change: PresenceChange) => void): void {
    this.presence.onChange(listener);
  }

  async online(appPk: number, userPks: readonly number[]): Promise<Set<number>> {
    return this.onlineBy((others) => this.nodesOf(others), appPk, userPks);
  }

  async onlineExactly(appPk: number, userPks: readonly number[]): Promise<Set<number>> {
    if (this.fallback.active) throw new Error('a node is cut off');
    return this.onlineBy((others) => within(ANSWER_MS, this.routes.nodesOf(others)), appPk, userPks);
  }

  async devices(appPk: number, userPks: readonly number[]): Promise<Map<number, LiveDevice[]>> {
    const elsewhere = await this.devicesElsewhere(userPks);
    const devices = new Map<number, LiveDevice[]>();
    userPks.forEach((userPk, i) => {
      const here = [...this.connections.ofUser(userPk)].filter(({ caller }) => caller.app.pk === appPk);
      const all = [...here.map(({ deviceId, state }) => ({ deviceId, state })), ...(elsewhere[i] ?? [])];
      if (all.length > 0) devices.set(userPk, all);
    });
    return devices;
  }

  async onlineCount(appPk: number): Promise<{ online: number; exact: boolean }> {
    const here = this.connections.onlineIn(appPk);
    if (!this.bus.healthy) return { online: here, exact: false };
    if (this.bus.peers.length === 0) return { online: here, exact: true };
    try {
      return { online: await within(ANSWER_MS, this.routes.countOnline(appPk)), exact: true };
    } catch {
      return { online: here, exact: false };
    }
  }

  private async onlineBy(
    nodesOf: (userPks: readonly number[]) => Promise<string[][]>,
    appPk: number,
    userPks: readonly number[],
  ): Promise<Set<number>> {
    const online = new Set(userPks.filter((userPk) => this.connections.has(userPk, appPk)));
    const others = userPks.filter((userPk) => !online.has(userPk));
    if (others.length === 0 || this.bus.peers.length === 0) return online;
    const nodes = await nodesOf(others);
    others.forEach((userPk, i) => nodes[i]?.length && online.add(userPk));
    return online;
  }

  /** While Redis does not answer: what this node remembers, as documented. */
  private async nodesOf(userPks: readonly number[]): Promise<string[][]> {
    try {
      if (this.bus.healthy) return await within(ANSWER_MS, this.routes.nodesOf(userPks));
    } catch {
      // It went away just now.
    }
    return this.routes.remembered(userPks);
  }

  private async devicesElsewhere(userPks: readonly number[]): Promise<LiveDevice[][]> {
    if (userPks.length === 0 || !this.bus.healthy) return [];
    try {
      return await within(ANSWER_MS, this.routes.devicesOf(userPks));
    } catch {
      // Redis went away meanwhile: what nobody can tell counts as away, as documented.
      return [];
    }
  }

  private deliverFromBus(frame: BusFrames['deliver']): void {
    const { appPk, event, json, exceptSocketId, stream, hearers, tip, sentAtMs } = frame;
    const onWritten = (): void => fanOutByBus.observe(Math.max(0, Date.now() - sentAtMs) / 1000);
    const deliver = (userPks: readonly number[]): void =>
      this.fanOut.deliver({ appPk, userPks, event, json, exceptSocketId, tip, onWritten }, stream);
    if (!hearers || stream === undefined) return deliver(frame.userPks);
    // A worker, or a node without a socket of this app, need not know who would hear.
    if (this.connections.onlineIn(appPk) > 0) this.hearersHere.tell(stream, hearers, deliver);
  }

  private async deliverByRoute(frame: BusFrames['deliver'], logged: boolean): Promise<void> {
    try {
      const nodes = await this.routes.nodesOf(frame.userPks);
      const usersOf = new Map<string, number[]>();
      frame.userPks.forEach((userPk, i) => {
        for (const node of nodes[i] ?? []) {
          const users = usersOf.get(node);
          if (users) users.push(userPk);
          else usersOf.set(node, [userPk]);
        }
      });
      usersOf.delete(this.bus.nodeId);
      const { appPk, event, json, exceptSocketId, stream, sentAtMs } = frame;
      for (const [node, userPks] of usersOf) {
        this.bus.toNodes([node], 'deliver', { appPk, userPks, event, json, exceptSocketId, stream, sentAtMs }, logged);
      }
    } catch {
      // Nobody can say where they are, so every node is asked; with Redis gone this shows as a gap there.
      this.bus.toAll('deliver', frame, logged);
    }
  }

  private forgetHere({ cache, appPk, pk, ask }: BusFrames['forget'], from?: string): void {
    for (const listener of this.forgetters.get(cache) ?? []) {
      const forgetting = listener(appPk, pk);
      if (!forgetting) continue;
      this.forgetting.add(forgetting);
      void forgetting.finally(() => this.forgetting.delete(forgetting));
    }
    if (ask === undefined || from === undefined) return;
    void this.forgettingHere().then(() => this.bus.toNodes([from], 'forgotten', { ask }));
  }

  private async forgettingHere(): Promise<void> {
    if (this.forgetting.size > 0) await Promise.allSettled([...this.forgetting]);
  }
}

/** The event as it is written; a message too large to be pushed becomes a tip to pull it. */
function encode(event: ServerEventName, data: unknown): { event: string; json: string; tip: Tip | undefined } {
  const json = data instanceof Encoded ? data.json : JSON.stringify(data);
  const tip = data instanceof Encoded ? data.tip : event === 'message:new' ? tipOf(data as WireMessage) : undefined;
  const small = json.length * 3 <= PUSH_BYTES_MAX || Buffer.byteLength(json) <= PUSH_BYTES_MAX;
  if (event !== 'message:new' || small || !tip) return { event, json, tip };
  return { event: 'conversation:tip', json: JSON.stringify(tip), tip: undefined };
}

const tipOf = ({ conversationId, seq }: WireMessage): Tip | undefined =>
  seq === undefined ? undefined : { conversationId, maxSeq: seq };

import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { BusFrameName, BusFrames } from '../../kernel/contracts/bus-frames';
import { NodeIdentity } from '../config/node-identity';
import { Settings } from '../config/settings';
import { deriveKey, masterKey } from '../secrets/keys';
import { BusEcho } from './bus-echo';
import { BusPeers, SILENCE_MS } from './bus-peers';
import { ALL, type Batch, BusSender } from './bus-sender';
import { readFallback } from './fallback-reading';
import type { FallbackBatch } from './fallback-table';
import { FrameMac } from './frame-mac';
import { count, counts } from './metrics';
import { RedisLink } from './redis-link';

const HEARTBEAT_MS = 400;
/** So many heartbeats in a row that did not come back, and this node is cut off. Counted, so that a stall of its own is one. */
const MISSED_HEARTBEATS = 3;
/** A connection that is silent for so many heartbeats is given up: a network that drops packets would keep it for minutes. */
const RENEWED_AFTER_HEARTBEATS = 25;
/** When something could not be published, others look for what it was for this long. */
const LOSS_MS = 2000;

/** Why frames may have been lost. */
export type GapReason = 'hole' | 'silence' | 'reconnect' | 'flushed';
type FrameListener<F extends BusFrameName> = (frame: BusFrames[F], from: string) => void;

/**
 * Frames between nodes over Redis: one channel for all and one a node, everything of one turn of the event loop in one
 * publish. Never awaited, never queued without bound: whatever is lost shows as a gap, and clients are told to pull. What
 * Redis does not carry goes through the database (bus-fallback.ts).
 */
@Injectable()
export class Bus implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Bus.name);
  private readonly peersSeen = new BusPeers();
  /** What has come back of what this node sent to all. */
  readonly echoes = new BusEcho();
  private readonly listeners = new Map<BusFrameName, FrameListener<never>[]>();
  private readonly gapListeners: ((reason: GapReason) => void)[] = [];
  private readonly heartbeatListeners: (() => void)[] = [];
  private readonly connectedHeartbeatListeners: (() => void)[] = [];
  private readonly peerListeners: (() => void)[] = [];
  private readonly mac: FrameMac;
  private readonly sender: BusSender;
  private link: RedisLink | undefined;
  private timer: NodeJS.Timeout | undefined;
  private subscribed = false;
  private everSubscribed = false;
  private echoedAt = -Infinity;
  /** Heartbeats since one of ours last came back. */
  private missed = 0;
  private lossUntil = -Infinity;
  private live: string[] = [];
  readonly nodeId: string;

  constructor(
    private readonly settings: Settings,
    node: NodeIdentity,
  ) {
    this.nodeId = node.id;
    this.mac = new FrameMac(deriveKey(masterKey(settings), 'parley:bus'));
    this.sender = new BusSender({
      nodeId: node.id,
      echoes: this.echoes,
      link: () => this.link,
      channel: (target) => this.channel(target),
      sign: (channel, text) => this.mac.sign(channel, text),
      lost: () => this.lost(),
    });
  }

  onModuleInit(): void {
    this.link = new RedisLink(this.settings.stores.redisUrl, () => void this.subscribe());
    this.timer = setInterval(() => this.heartbeat(), HEARTBEAT_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    if (this.healthy) this.sender.sendGoodbye();
    // Let the last pipeline leave first.
    setImmediate(() => this.link?.close());
  }

  /** True while frames travel: connected, and our own heartbeats come back. */
  get healthy(): boolean {
    return this.subscribed && this.link?.up === true && this.missed < MISSED_HEARTBEATS;
  }

  /** Others may miss what this node sends over Redis: it uses the fallback too. Not while it starts. */
  get cutOff(): boolean {
    if (!this.healthy) return this.everSubscribed || this.missed >= MISSED_HEARTBEATS;
    return performance.now() < this.lossUntil;
  }

  /** The other nodes, workers included, heard within the last 3 s: over Redis, or by the fallback. */
  get peers(): readonly string[] {
    return this.live;
  }

  /** Resolves when all that was sent until now has come back, perhaps never: then what others sent before is heard too. */
  echo(): Promise<void> {
    this.sender.flush();
    return this.echoes.after(this.sender.sentTo(ALL));
  }

  /** For keys that live beside the bus; commands fail at once when Redis is away. */
  get redis() {
    if (!this.link) throw new Error('the bus has not started');
    return this.link.commands;
  }

  /** `logged`: nodes that do not receive it find it in the log, so that the fallback need not bring it. */
  toAll<F extends BusFrameName>(name: F, frame: BusFrames[F], logged = false): void {
    this.sender.send(ALL, name, frame, logged);
  }

  toNodes<F extends BusFrameName>(nodeIds: readonly string[], name: F, frame: BusFrames[F], logged = false): void {
    for (const nodeId of nodeIds) this.sender.send(nodeId, name, frame, logged);
  }

  on<F extends BusFrameName>(name: F, listener: FrameListener<F>): void {
    const known = this.listeners.get(name);
    if (known) known.push(listener);
    else this.listeners.set(name, [listener]);
  }

  /** Frames from other nodes may be missing: clients of this node should be told to pull. */
  onGap(listener: (reason: GapReason) => void): void {
    this.gapListeners.push(listener);
  }

  /** With each heartbeat (400 ms) while the connection to Redis is up. */
  onHeartbeatWithRedis(listener: () => void): void {
    this.connectedHeartbeatListeners.push(listener);
  }

  /** With each heartbeat (400 ms), whether Redis answers or not. */
  onHeartbeat(listener: () => void): void {
    this.heartbeatListeners.push(listener);
  }

  /** A node has come, or has not been heard for 3 s. */
  onPeers(listener: () => void): void {
    this.peerListeners.push(listener);
  }

  /** True when Redis has all that was sent until now, and all that waited for its answer to be sent. */
  async confirmed(): Promise<boolean> {
    if (this.cutOff || !this.healthy) return false;
    if (this.live.length === 0) return true;
    if (!(await this.link?.caughtUp())) return false;
    return !this.cutOff;
  }

  /** JSON of a `FallbackBatch`: what was sent lately and is in no earlier one. */
  takeFallbackBatch(): string {
    return this.sender.takeFallbackBatch(this.live);
  }

  /** What another node wrote into the database: what has not come over Redis is handed out. */
  receiveFallback(from: string, batch: FallbackBatch): void {
    const now = performance.now();
    const { gap, frames } = readFallback(this.peersSeen, { [ALL]: 'all', [this.nodeId]: 'own' }, from, batch, now);
    if (!this.live.includes(from)) this.setLive(this.peersSeen.live(now));
    for (const [name, frame] of frames) this.dispatch(name, frame, from);
    if (gap) this.gap('hole');
  }

  gap(reason: GapReason): void {
    count(counts.bus, `gap:${reason}`);
    for (const listener of this.gapListeners) listener(reason);
  }

  private lost(): void {
    if (this.everSubscribed) this.lossUntil = performance.now() + LOSS_MS;
  }

  private heartbeat(): void {
    const now = performance.now();
    this.missed++;
    if (this.missed % RENEWED_AFTER_HEARTBEATS === 0) this.link?.renew();
    this.sender.sendHeartbeat(this.live, now);
    this.setLive(this.peersSeen.live(now));
    if (this.link?.up) for (const listener of this.connectedHeartbeatListeners) listener();
    for (const listener of this.heartbeatListeners) listener();
  }

  private setLive(live: string[]): void {
    const same = live.length === this.live.length && live.every((node) => this.live.includes(node));
    this.live = live;
    if (!same) for (const listener of this.peerListeners) listener();
  }

  private async subscribe(): Promise<void> {
    const { listener } = this.link ?? {};
    if (!listener) return;
    this.subscribed = false;
    try {
      listener.removeAllListeners('message');
      listener.on('message', (channel: string, text: string) => this.receive(channel, text));
      await listener.subscribe(this.channel(ALL), this.channel(this.nodeId));
    } catch (error) {
      // The connection broke again; its next `ready` brings us back here.
      this.logger.debug(`not subscribed: ${String(error)}`);
      return;
    }
    const again = this.everSubscribed;
    this.echoes.restart();
    this.subscribed = this.everSubscribed = true;
    this.echoedAt = performance.now();
    this.missed = 0;
    this.heartbeat();
    if (again) this.gap('reconnect');
  }

  private receive(channel: string, message: string): void {
    const text = this.mac.verify(channel, message);
    if (text === undefined) return count(counts.bus, 'forged');
    const [from, n, frames, sent] = JSON.parse(text) as Batch;
    const now = performance.now();
    if (from === this.nodeId) {
      if (now - this.echoedAt > SILENCE_MS) this.gap('silence');
      this.echoedAt = now;
      this.missed = 0;
      if (channel === this.channel(ALL)) this.echoes.came(n);
      return;
    }
    const heard = this.peersSeen.heard(from, channel === this.channel(ALL) ? 'all' : 'own', n, now);
    if (heard === 'stale') return;
    if (sent === 'left') this.peersSeen.left(from);
    else if (!this.live.includes(from)) this.setLive(this.peersSeen.live(now));
    if (heard === 'gap' || (typeof sent === 'object' && this.peersSeen.missed(from, sent[this.nodeId] ?? 0))) {
      this.gap('hole');
    }
    if (sent === 'left') this.setLive(this.peersSeen.live(now));
    for (const [name, frame] of frames) this.dispatch(name, frame, from);
  }

  private dispatch(name: BusFrameName, frame: never, from: string): void {
    count(counts.bus, 'received');
    for (const listener of this.listeners.get(name) ?? []) {
      try {
        listener(frame, from);
      } catch (error) {
        this.logger.error({ msg: `a ${name} frame failed`, err: error });
      }
    }
  }

  private channel(target: string): string {
    return `${this.settings.stores.redisPrefix}:bus:${target}`;
  }
}

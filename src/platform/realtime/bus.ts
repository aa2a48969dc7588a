import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { BusFrameName, BusFrames } from '../../kernel/contracts/bus-frames';
import { NodeIdentity } from '../config/node-identity';
import { Settings } from '../config/settings';
import { deriveKey, masterKey } from '../secrets/keys';
import { BusPeers, SILENCE_MS } from './bus-peers';
import { count, counts } from './metrics';
import { RedisLink } from './redis-link';

const BEAT_MS = 1000;
/** Frames of one publish. */
const BATCH_FRAMES_MAX = 256;
/** Publishes that Redis has not answered: when it stalls, what follows is dropped, and shows as a hole. */
const UNANSWERED_MAX = 512;
const MAC_LENGTH = 22;
const ALL = 'all';

/** Why frames may have been lost. */
export type GapReason = 'hole' | 'silence' | 'reconnect' | 'flushed';
type FrameListener<F extends BusFrameName> = (frame: BusFrames[F], from: string) => void;
/** `[from, n, frames, sent?]`; a beat's `sent` says how many batches went to each node's own channel. */
type Batch = [from: string, n: number, frames: [BusFrameName, never][], sent?: Record<string, number> | 'left'];

/**
 * Frames between nodes over Redis: one channel for all and one a node, everything of one turn of the event loop in one
 * publish. Never awaited, never queued without bound: whatever is lost shows as a gap, and clients are told to pull.
 */
@Injectable()
export class Bus implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Bus.name);
  private readonly peersSeen = new BusPeers();
  private readonly listeners = new Map<BusFrameName, FrameListener<never>[]>();
  private readonly gapListeners: ((reason: GapReason) => void)[] = [];
  private readonly beatListeners: (() => void)[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly key: Buffer;
  private waiting = new Map<string, string[]>();
  private unanswered = 0;
  private link: RedisLink | undefined;
  private timer: NodeJS.Timeout | undefined;
  private subscribed = false;
  private everSubscribed = false;
  private echoedAt = -Infinity;
  private live: string[] = [];
  readonly nodeId: string;

  constructor(
    private readonly settings: Settings,
    node: NodeIdentity,
  ) {
    this.nodeId = node.id;
    this.key = deriveKey(masterKey(settings), 'parley:bus');
  }

  onModuleInit(): void {
    this.link = new RedisLink(this.settings.stores.redisUrl, () => void this.subscribe());
    this.timer = setInterval(() => this.beat(), BEAT_MS).unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
    if (this.healthy) this.publish(ALL, [], 'left');
    // Let the last pipeline leave first.
    setImmediate(() => this.link?.close());
  }

  /** True while frames travel: connected, and our own beat came back lately. */
  get healthy(): boolean {
    return this.subscribed && this.link?.up === true && performance.now() - this.echoedAt < SILENCE_MS;
  }

  /** The other nodes, workers included, heard within the last 3 s. */
  get peers(): readonly string[] {
    return this.live;
  }

  /** For keys that live beside the bus; commands fail at once when Redis is away. */
  get redis() {
    if (!this.link) throw new Error('the bus has not started');
    return this.link.commands;
  }

  toAll<F extends BusFrameName>(name: F, frame: BusFrames[F]): void {
    this.enqueue(ALL, name, frame);
  }

  toNodes<F extends BusFrameName>(nodeIds: readonly string[], name: F, frame: BusFrames[F]): void {
    for (const nodeId of nodeIds) this.enqueue(nodeId, name, frame);
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

  /** Each second while Redis answers. */
  onBeat(listener: () => void): void {
    this.beatListeners.push(listener);
  }

  gap(reason: GapReason): void {
    count(counts.bus, `gap:${reason}`);
    for (const listener of this.gapListeners) listener(reason);
  }

  private enqueue<F extends BusFrameName>(target: string, name: F, frame: BusFrames[F]): void {
    if (this.waiting.size === 0) setImmediate(() => this.flush());
    const text = JSON.stringify([name, frame]);
    const frames = this.waiting.get(target);
    if (frames) frames.push(text);
    else this.waiting.set(target, [text]);
  }

  private flush(): void {
    const { waiting } = this;
    this.waiting = new Map();
    for (const [target, frames] of waiting) {
      for (let at = 0; at < frames.length; at += BATCH_FRAMES_MAX) {
        this.publish(target, frames.slice(at, at + BATCH_FRAMES_MAX));
      }
    }
  }

  /** Numbers a batch, and publishes it if Redis is there; if not, the number is missed by whoever hears the next. */
  private publish(target: string, frames: string[], sent?: Batch[3]): void {
    const n = (this.numbers.get(target) ?? 0) + 1;
    this.numbers.set(target, n);
    if (!this.link?.up || this.unanswered >= UNANSWERED_MAX) return count(counts.bus, 'dropped', frames.length);
    const tail = sent === undefined ? '' : `,${JSON.stringify(sent)}`;
    const text = `["${this.nodeId}",${n},[${frames.join()}]${tail}]`;
    const channel = this.channel(target);
    this.unanswered++;
    count(counts.bus, 'published', frames.length);
    this.link.commands
      .publish(channel, this.mac(channel, text) + text)
      .catch(() => count(counts.bus, 'failed', frames.length))
      .finally(() => this.unanswered--);
  }

  private beat(): void {
    const sent: Record<string, number> = {};
    for (const peer of this.live) sent[peer] = this.numbers.get(peer) ?? 0;
    this.publish(ALL, [], sent);
    this.live = this.peersSeen.live(performance.now());
    if (this.link?.up) for (const listener of this.beatListeners) listener();
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
    this.subscribed = this.everSubscribed = true;
    this.echoedAt = performance.now();
    this.beat();
    if (again) this.gap('reconnect');
  }

  private receive(channel: string, message: string): void {
    const text = message.slice(MAC_LENGTH);
    const mac = Buffer.from(message.slice(0, MAC_LENGTH));
    const expected = Buffer.from(this.mac(channel, text));
    if (mac.length !== MAC_LENGTH || !timingSafeEqual(mac, expected)) return count(counts.bus, 'forged');
    const [from, n, frames, sent] = JSON.parse(text) as Batch;
    const now = performance.now();
    if (from === this.nodeId) {
      if (now - this.echoedAt > SILENCE_MS) this.gap('silence');
      this.echoedAt = now;
      return;
    }
    const heard = this.peersSeen.heard(from, channel === this.channel(ALL) ? 'all' : 'own', n, now);
    if (heard === 'stale') return;
    if (sent === 'left') this.peersSeen.left(from);
    else if (!this.live.includes(from)) this.live = this.peersSeen.live(now);
    if (heard === 'gap' || (typeof sent === 'object' && this.peersSeen.missed(from, sent[this.nodeId] ?? 0))) {
      this.gap('hole');
    }
    if (sent === 'left') this.live = this.peersSeen.live(now);
    for (const [name, frame] of frames) this.tell(name, frame, from);
  }

  private tell(name: BusFrameName, frame: never, from: string): void {
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

  /** Whoever else can write to this Redis cannot speak for a node. */
  private mac(channel: string, text: string): string {
    return createHmac('sha256', this.key).update(channel).update(text).digest('base64').slice(0, MAC_LENGTH);
  }
}

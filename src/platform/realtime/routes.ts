import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Settings } from '../config/settings';
import { DatabaseClock } from '../database/database-clock';
import { Periodic } from '../lifecycle/periodic';
import { Bus } from './bus';
import type { DeviceState } from './connection';
import { Connections, type PresenceChange } from './connections';
import { count, counts } from './metrics';
import { within } from '../redis/within';

const TTL_S = 90;
const REFRESH_MS = 30_000;
const REFRESH_CHUNK = 500;
/** Users whose nodes are remembered until one of them says otherwise, and for how long at most. */
const KNOWN_MAX = 100_000;
const KNOWN_MS = 30_000;
/** Whether a user is elsewhere as well is waited for no longer: who comes and goes is told all the same. */
const ELSEWHERE_MS = 500;
/** Users who went while Redis could not be told. */
const UNSAID_MAX = 100_000;

/** A device that is connected somewhere. */
export interface LiveDevice {
  readonly deviceId: string;
  readonly state: DeviceState;
}

/**
 * Who is where, in Redis: `at:{userPk}` holds the nodes of a user with its devices on each, `on:{appPk}` the users of an
 * app who are online (scored by when that must have been said again). A convenience: written without waiting, said again every 30 s and as soon as
 * Redis is found to have lost it, and never needed for a message to arrive in the end.
 */
@Injectable()
export class Routes implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(Routes.name);
  private readonly known = new LRUCache<number, string[]>({ max: KNOWN_MAX, ttl: KNOWN_MS });
  /** Reads under way; one that a change overtakes is answered, but not remembered. */
  private readonly asked = new Map<number, Promise<string[]>>();
  private readonly unsaid = new Set<number>();
  private readonly refreshes = new Periodic(
    REFRESH_MS,
    () => this.refresh(),
    // Said again in 30 s, or as soon as Redis is back.
    (error) => this.logger.debug(`writing routes to Redis failed, will retry: ${String(error)}`),
  );
  private written = false;

  constructor(
    private readonly bus: Bus,
    private readonly connections: Connections,
    private readonly settings: Settings,
    private readonly clock: DatabaseClock,
  ) {}

  onModuleInit(): void {
    this.bus.onHeartbeatWithRedis(() => this.verify());
    this.connections.onDevices((userPk) => this.write(userPk));
    this.bus.on('route', ({ userPk }) => this.changed(userPk));
    this.bus.onGap((reason) => {
      this.changed(undefined);
      if (reason === 'reconnect' || reason === 'silence') void this.restore();
    });
    this.refreshes.start();
  }

  onApplicationShutdown(): void {
    this.refreshes.stop();
  }

  /** A user's first socket of this node opened. Resolves with whether the user is on another node; never rejects. */
  arrived({ appPk, userPk }: PresenceChange): Promise<boolean> {
    const { redis } = this.bus;
    const before = this.bus.peers.length > 0 ? redis.hkeys(this.route(userPk)) : undefined;
    this.write(userPk);
    this.forget(redis.zadd(this.online(appPk), this.deadline(), userPk));
    // Published on the same connection, so behind what was written.
    this.bus.toAll('route', { userPk });
    return this.elsewhere(before);
  }

  /** The last one closed. The same answer. */
  async left({ appPk, userPk }: PresenceChange): Promise<boolean> {
    const { redis } = this.bus;
    redis.hdel(this.route(userPk), this.bus.nodeId).catch(() => {
      count(counts.bus, 'failed');
      if (this.unsaid.size < UNSAID_MAX) this.unsaid.add(userPk);
    });
    this.bus.toAll('route', { userPk });
    const after = this.bus.peers.length > 0 ? redis.hkeys(this.route(userPk)) : undefined;
    const elsewhere = await this.elsewhere(after);
    if (!elsewhere && !this.connections.has(userPk)) this.forget(redis.zrem(this.online(appPk), userPk));
    return elsewhere;
  }

  /** The live nodes of each user, in their order. Rejects when Redis cannot be asked. */
  async nodesOf(userPks: readonly number[]): Promise<string[][]> {
    const peers = this.bus.peers;
    if (peers.length === 0) return userPks.map(() => []);
    const found = await Promise.all(
      userPks.map((userPk) => {
        const known = this.known.get(userPk);
        return known ? Promise.resolve(known) : this.ask(userPk);
      }),
    );
    return found.map((nodes) => nodes.filter((node) => peers.includes(node)));
  }

  /** The same as far as this node was told lately, without asking. */
  remembered(userPks: readonly number[]): string[][] {
    const peers = this.bus.peers;
    return userPks.map((userPk) => this.known.get(userPk)?.filter((node) => peers.includes(node)) ?? []);
  }

  /**
   * The devices of each user that are connected to other live nodes, in their order; asked anew each time, because a
   * device's state tells nobody to ask again. Rejects when Redis cannot be asked.
   */
  async devicesOf(userPks: readonly number[]): Promise<LiveDevice[][]> {
    const peers = this.bus.peers;
    if (peers.length === 0) return userPks.map(() => []);
    const found = await Promise.all(userPks.map((userPk) => this.bus.redis.hgetall(this.route(userPk))));
    return found.map((nodes) => peers.flatMap((peer) => readDevices(nodes[peer])));
  }

  /** Users of an app online on any node. Rejects when Redis cannot be asked. */
  countOnline(appPk: number): Promise<number> {
    return this.bus.redis.zcount(this.online(appPk), this.clock.now(), '+inf');
  }

  private ask(userPk: number): Promise<string[]> {
    const asked = this.asked.get(userPk);
    if (asked) return asked;
    const answer: Promise<string[]> = this.bus.redis
      .hkeys(this.route(userPk))
      .then((nodes) => {
        if (this.asked.get(userPk) === answer) this.known.set(userPk, nodes);
        return nodes;
      })
      .finally(() => {
        if (this.asked.get(userPk) === answer) this.asked.delete(userPk);
      });
    this.asked.set(userPk, answer);
    return answer;
  }

  private changed(userPk: number | undefined): void {
    if (userPk === undefined) {
      this.known.clear();
      this.asked.clear();
    } else {
      this.known.delete(userPk);
      this.asked.delete(userPk);
    }
  }

  /** Our mark is gone: Redis was emptied. Until all is said again nobody could find our users. */
  private verify(): void {
    const mark = this.key(`node:${this.bus.nodeId}`);
    this.bus.redis.get(mark).then(
      (found) => {
        if (found !== null) return;
        const lost = this.written;
        void this.restore();
        if (lost) this.bus.gap('flushed');
      },
      () => count(counts.bus, 'failed'),
    );
  }

  /** Says all again after a loss; what others read in between was too little. */
  private async restore(): Promise<void> {
    await this.refreshes.now();
    this.bus.toAll('route', {});
  }

  private async refresh(): Promise<void> {
    if (!this.bus.healthy) return;
    const { redis, nodeId } = this.bus;
    let chunk = redis.pipeline().set(this.key(`node:${nodeId}`), 1, 'EX', TTL_S);
    this.written = true;
    const gone = [...this.unsaid];
    for (const userPk of gone) if (!this.connections.has(userPk)) chunk.hdel(this.route(userPk), nodeId);
    const apps = new Set<number>();
    for (const [userPk, appPk] of this.connections.users()) {
      const route = this.route(userPk);
      chunk.hset(route, nodeId, this.devicesHere(userPk)).expire(route, TTL_S);
      chunk.zadd(this.online(appPk), this.deadline(), userPk);
      apps.add(appPk);
      if (chunk.length < REFRESH_CHUNK * 3) continue;
      await chunk.exec();
      chunk = redis.pipeline();
    }
    for (const appPk of apps) {
      chunk.zremrangebyscore(this.online(appPk), '-inf', this.clock.now()).expire(this.online(appPk), 2 * TTL_S);
    }
    await chunk.exec();
    for (const userPk of gone) this.unsaid.delete(userPk);
  }

  /** What this node knows of a user, whole: said late or twice it is as true. */
  private write(userPk: number): void {
    const { redis, nodeId } = this.bus;
    this.forget(redis.hset(this.route(userPk), nodeId, this.devicesHere(userPk)));
    this.forget(redis.expire(this.route(userPk), TTL_S));
  }

  private devicesHere(userPk: number): string {
    return writeDevices(this.connections.ofUser(userPk));
  }

  private async elsewhere(nodes: Promise<string[]> | undefined): Promise<boolean> {
    if (!nodes) return false;
    try {
      const known = await within(ELSEWHERE_MS, nodes);
      return this.bus.peers.some((peer) => known.includes(peer));
    } catch {
      count(counts.bus, 'failed');
      return false;
    }
  }

  private forget(write: Promise<unknown>): void {
    write.catch(() => count(counts.bus, 'failed'));
  }

  private deadline(): number {
    return this.clock.now() + TTL_S * 1000;
  }

  private route(userPk: number): string {
    return this.key(`at:${userPk}`);
  }

  private online(appPk: number): string {
    return this.key(`on:${appPk}`);
  }

  private key(name: string): string {
    return `${this.settings.stores.redisPrefix}:${name}`;
  }
}

/** `+phone,-laptop`: in the foreground, and not. No device's id has a comma in it. */
function writeDevices(devices: Iterable<LiveDevice>): string {
  let text = '';
  for (const { deviceId, state } of devices) {
    text += `${text === '' ? '' : ','}${state === 'foreground' ? '+' : '-'}${deviceId}`;
  }
  return text;
}

const readDevices = (text: string | undefined): LiveDevice[] =>
  text
    ? text.split(',').map((each) => ({
        deviceId: each.slice(1),
        state: each.startsWith('+') ? ('foreground' as const) : ('background' as const),
      }))
    : [];

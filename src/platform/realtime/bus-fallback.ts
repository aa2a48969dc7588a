import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Bus } from './bus';
import { type FallbackHeader, FallbackTable } from './fallback-table';
import { count, counts } from './metrics';

/** A node that wrote that it is cut off is so until it has written nothing more for this long. */
const FRESH_MS = 3000;
/** What a node stored before it was heard again had nobody to deliver it; longer than a transaction may take. */
const AFTERMATH_MS = 10_000;
/** By then every live node has noticed that Redis carries nothing, and has written. */
const SETTLED_MS = 5000;
const DELETE_EVERY_MS = 20_000;
/** Rows are older than that when they have been deleted. */
const DELETED_MS = 70_000;

/**
 * The bus's fallback transport, through the database (docs/adr/0025). A node whose heartbeats do not come back from Redis is
 * cut off: with each heartbeat it writes its frames into the database, where every node looks with each of its own. Whoever
 * finds such a batch writes as well, because its sender receives nothing else. What the log gives again is not written: it is
 * read from the outbox (messaging/bus-outage.ts) and from rooms' logs. While Redis is well this costs one look into an empty
 * table.
 */
@Injectable()
export class BusFallback implements OnModuleInit {
  private readonly logger = new Logger(BusFallback.name);
  private readonly listeners: (() => void)[] = [];
  /** Nodes that are cut off: until when, and until when what they stored may have been delivered to nobody. */
  private readonly cutOff = new Map<string, { until: number; aftermath: number }>();
  /** By sender, the last row that was read. */
  private readonly lastRead = new Map<string, number>();
  private ownAftermath = -Infinity;
  /** Whether the log says that this node is cut off. */
  private ownIsKnown = false;
  private writing = false;
  private reading = false;
  private unwritten: string | undefined;
  private writtenAt = -Infinity;
  private readAt = -Infinity;
  private cutOffSince = Infinity;
  private deleteAt = Infinity;

  constructor(
    private readonly bus: Bus,
    private readonly table: FallbackTable,
  ) {}

  onModuleInit(): void {
    if (this.table.isAvailable) this.bus.onHeartbeat(() => this.tick(performance.now()));
  }

  /** Messages of some node may have to be read from the database. */
  get active(): boolean {
    const now = performance.now();
    if (this.bus.cutOff || now < this.ownAftermath) return true;
    for (const { aftermath } of this.cutOff.values()) if (now < aftermath) return true;
    return false;
  }

  /** Messages of this node may have to be read from the database. */
  isActiveFor(nodeId: string): boolean {
    const now = performance.now();
    return this.bus.cutOff || now < this.ownAftermath || now < (this.cutOff.get(nodeId)?.aftermath ?? 0);
  }

  /** Nodes that receive nothing from this one over Redis read what it stores: it wrote so into the database just now. */
  get announced(): boolean {
    return performance.now() - this.writtenAt < FRESH_MS / 2;
  }

  /** Whether every live node writes here, so that one which does not has gone. */
  get hearsAll(): boolean {
    const now = performance.now();
    return now - this.cutOffSince > SETTLED_MS && now - this.readAt < FRESH_MS / 2;
  }

  /** Called at once when this node or another is found to be cut off. */
  onCutOff(listener: () => void): void {
    this.listeners.push(listener);
  }

  private tick(now: number): void {
    const { cutOff } = this.bus;
    const begins = cutOff && now >= this.ownAftermath;
    if (cutOff) this.ownAftermath = now + AFTERMATH_MS;
    else if (this.ownIsKnown && now >= this.ownAftermath) this.ended();
    this.cutOffSince = cutOff ? Math.min(this.cutOffSince, now) : Infinity;
    if (begins) {
      this.ownIsKnown = true;
      this.begun('This node');
    }
    if (!this.reading) {
      this.reading = true;
      void this.read(now).finally(() => (this.reading = false));
    }
    if (cutOff || this.anotherIsCutOff(now)) void this.write(cutOff);
    else this.unwritten = undefined;
    if (now >= this.deleteAt) this.deleteOld(now);
  }

  /** Until what was written last is deleted. */
  private deleteOld(now: number): void {
    this.deleteAt = now - this.writtenAt < DELETED_MS ? now + DELETE_EVERY_MS : Infinity;
    this.table
      .deleteOld()
      .catch((error: unknown) => this.logger.debug(`deleting old fallback rows failed, will retry: ${String(error)}`));
  }

  private anotherIsCutOff(now: number): boolean {
    for (const { until } of this.cutOff.values()) if (now < until) return true;
    return false;
  }

  private async write(cutOff: boolean): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      this.unwritten ??= this.bus.takeFallbackBatch();
      await this.table.write(this.bus.nodeId, cutOff, this.unwritten);
      this.unwritten = undefined;
      this.writtenAt = performance.now();
      this.deleteAt = Math.min(this.deleteAt, this.writtenAt + DELETE_EVERY_MS);
      count(counts.bus, 'fallback:written');
    } catch (error) {
      this.logger.debug(`writing frames for other nodes into the database failed, will retry: ${String(error)}`);
    } finally {
      this.writing = false;
    }
  }

  private async read(now: number): Promise<void> {
    try {
      const headers = await this.table.recentHeaders(this.bus.nodeId);
      this.readAt = performance.now();
      this.noteCutOff(headers, now);
      const unread = headers.filter(
        ({ id, sender, cutOff }) => id > (this.lastRead.get(sender) ?? 0) && (cutOff || now < this.ownAftermath),
      );
      if (unread.length === 0) return;
      const batches = await this.table.batches(unread.map(({ id }) => id));
      for (const { id, sender } of unread) {
        const batch = batches.get(id);
        this.lastRead.set(sender, id);
        if (batch) this.bus.receiveFallback(sender, batch);
        count(counts.bus, 'fallback:read');
      }
    } catch (error) {
      this.logger.debug(`reading frames of other nodes from the database failed, will retry: ${String(error)}`);
    }
  }

  private noteCutOff(headers: readonly FallbackHeader[], now: number): void {
    for (const [node, { aftermath }] of this.cutOff) {
      if (now < aftermath) continue;
      this.cutOff.delete(node);
      this.logger.log(`Node ${node} uses Redis again, or has gone.`);
    }
    const writers = new Set(headers.map(({ sender }) => sender));
    for (const node of this.lastRead.keys()) if (!writers.has(node)) this.lastRead.delete(node);
    for (const { sender, cutOff, ageMs } of headers) {
      if (!cutOff || ageMs > FRESH_MS) continue;
      const known = this.cutOff.get(sender);
      const until = now + FRESH_MS - ageMs;
      this.cutOff.set(sender, { until, aftermath: until + AFTERMATH_MS });
      if (!known) this.begun(`Node ${sender}`);
    }
  }

  private begun(node: string): void {
    this.logger.warn(
      `${node} is cut off from Redis: what it sends and should receive goes through the database, a second or two later ` +
        '(parley_bus_total{what=~"fallback.*"}). Check Redis and the network between them.',
    );
    for (const listener of this.listeners) listener();
  }

  private ended(): void {
    this.ownIsKnown = false;
    this.logger.log('This node uses Redis again.');
  }
}

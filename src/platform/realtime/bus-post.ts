import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Bus } from './bus';
import { type Envelope, Letters } from './letters';
import { count, counts } from './metrics';

/** A node that wrote that it is cut off is so until it has written nothing more for this long. */
const FRESH_MS = 3000;
/** What a node stored before it was heard again had nobody to tell it; longer than a transaction may take. */
const AFTERMATH_MS = 10_000;
/** By then every live node has noticed that Redis carries nothing, and has written. */
const SETTLED_MS = 5000;
const TIDY_EVERY_MS = 20_000;
const TIDIED_MS = 70_000;

/**
 * What nodes say when Redis does not carry it: whoever finds that its beats do not come back writes what it says into the
 * database, and every node looks there with each beat. Who finds such a letter writes as well, because its author hears
 * nothing else. What the log gives again is in no letter: it is read from the outbox (messaging/bus-outage.ts) and from
 * rooms' logs. While Redis is well this costs one look into an empty table (docs/adr/0025).
 */
@Injectable()
export class BusPost implements OnModuleInit {
  private readonly logger = new Logger(BusPost.name);
  private readonly listeners: (() => void)[] = [];
  /** Nodes that are cut off, until when, and when they were last. */
  private readonly cutOff = new Map<string, { until: number; aftermath: number }>();
  private readonly opened = new Map<string, number>();
  private ownAftermath = -Infinity;
  private writing = false;
  private reading = false;
  private unsent: string | undefined;
  private writtenAt = -Infinity;
  private readAt = -Infinity;
  private cutOffSince = Infinity;
  private tidyAt = Infinity;

  constructor(
    private readonly bus: Bus,
    private readonly letters: Letters,
  ) {}

  onModuleInit(): void {
    if (this.letters.possible) this.bus.onHeartbeat(() => this.tick(performance.now()));
  }

  /** Messages of some node may have to be read from the database. */
  get indirect(): boolean {
    const now = performance.now();
    if (this.bus.cutOff || now < this.ownAftermath) return true;
    for (const { aftermath } of this.cutOff.values()) if (now < aftermath) return true;
    return false;
  }

  /** Those of this node may have to be. */
  isIndirect(nodeId: string): boolean {
    const now = performance.now();
    return this.bus.cutOff || now < this.ownAftermath || now < (this.cutOff.get(nodeId)?.aftermath ?? 0);
  }

  /** Who cannot be told over Redis reads what this node stores: it has said so in the database just now. */
  get announced(): boolean {
    return performance.now() - this.writtenAt < FRESH_MS / 2;
  }

  /** Whether every live node is heard by letter, so that one which is silent has gone. */
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
    this.cutOffSince = cutOff ? Math.min(this.cutOffSince, now) : Infinity;
    if (begins) this.begun('this node');
    if (!this.reading) {
      this.reading = true;
      void this.read(now).finally(() => (this.reading = false));
    }
    if (cutOff || this.someoneIs(now)) void this.write(cutOff);
    else this.unsent = undefined;
    if (now >= this.tidyAt) this.tidy(now);
  }

  /** Until what was written last is gone. */
  private tidy(now: number): void {
    this.tidyAt = now - this.writtenAt < TIDIED_MS ? now + TIDY_EVERY_MS : Infinity;
    this.letters.tidy().catch((error: unknown) => this.logger.debug(`letters are deleted later: ${String(error)}`));
  }

  private someoneIs(now: number): boolean {
    for (const { until } of this.cutOff.values()) if (now < until) return true;
    return false;
  }

  private async write(cutOff: boolean): Promise<void> {
    if (this.writing) return;
    this.writing = true;
    try {
      this.unsent ??= this.bus.takeLetter();
      await this.letters.write(this.bus.nodeId, cutOff, this.unsent);
      this.unsent = undefined;
      this.writtenAt = performance.now();
      this.tidyAt = Math.min(this.tidyAt, this.writtenAt + TIDY_EVERY_MS);
      count(counts.bus, 'letter:written');
    } catch (error) {
      this.logger.debug(`a letter to the other nodes is written later: ${String(error)}`);
    } finally {
      this.writing = false;
    }
  }

  private async read(now: number): Promise<void> {
    try {
      const envelopes = await this.letters.recent(this.bus.nodeId);
      this.readAt = performance.now();
      this.noteCutOff(envelopes, now);
      const unread = envelopes.filter(
        ({ id, sender, cutOff }) => id > (this.opened.get(sender) ?? 0) && (cutOff || now < this.ownAftermath),
      );
      if (unread.length === 0) return;
      const letters = await this.letters.open(unread.map(({ id }) => id));
      for (const { id, sender } of unread) {
        const letter = letters.get(id);
        this.opened.set(sender, id);
        if (letter) this.bus.hearLetter(sender, letter);
        count(counts.bus, 'letter:read');
      }
    } catch (error) {
      this.logger.debug(`letters of other nodes are read later: ${String(error)}`);
    }
  }

  private noteCutOff(envelopes: readonly Envelope[], now: number): void {
    for (const [node, { aftermath }] of this.cutOff) if (now >= aftermath) this.cutOff.delete(node);
    const writers = new Set(envelopes.map(({ sender }) => sender));
    for (const node of this.opened.keys()) if (!writers.has(node)) this.opened.delete(node);
    for (const { sender, cutOff, ageMs } of envelopes) {
      if (!cutOff || ageMs > FRESH_MS) continue;
      const known = this.cutOff.get(sender);
      const until = now + FRESH_MS - ageMs;
      this.cutOff.set(sender, { until, aftermath: until + AFTERMATH_MS });
      if (!known) this.begun(sender);
    }
  }

  private begun(node: string): void {
    this.logger.warn(`${node} is cut off from Redis; what is said there goes through the database.`);
    for (const listener of this.listeners) listener();
  }
}

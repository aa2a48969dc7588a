import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { AppError } from '../../kernel/errors/app-error';
import { Drainables } from '../../platform/lifecycle/drainables';
import { type EmitOptions, Encoded, Live } from '../../platform/realtime/live';
import { fanOutHere } from '../../platform/realtime/metrics';
import type { HeardAt } from './audience';
import { Audiences } from './audiences';
import { ConversationDirectory } from './directory';
import type { Appended } from './log/draft';
import { Followers, type StoredPlace } from './followers';
import { encodeMessage, maySee, type StoredMessage, veiled } from './log/message';

const SETTLE_MS = 200;
/** The others read what this node could not tell them once a second; the relay waits 3 s. */
const READ_MS = 2300;
/** By far more than the rows that a relay takes three seconds to find. */
const LEFT_MAX = 20_000;

/**
 * Hands stored messages to whoever is connected. A courtesy: never awaited by a send, and whatever it misses is found by
 * the client in the log. What it did deliver it takes off the outbox, so that the relay has only crashed nodes' work.
 */
@Injectable()
export class Delivery implements OnModuleInit {
  private readonly logger = new Logger(Delivery.name);
  /** Conversations whose hearers are being read: what is stored next waits behind it, so that order is kept. */
  private readonly turns = new Map<number, Promise<void>>();
  /** Outbox rows of which something was delivered, with what it was. */
  private readonly settled = new Map<number, StoredPlace[]>();
  /** Delivered here and not told to the other nodes, which read them from the outbox until this time. */
  private readonly unconfirmed = new Map<number, { places: StoredPlace[]; until: number }>();
  /** Outbox rows of which some message still waits for its hearers. */
  private readonly held = new Map<number, number>();
  /** Outbox rows of which some message could not be told: not settled here, so that the relay finds them. */
  private readonly left = new LRUCache<number, true>({ max: LEFT_MAX });
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly audiences: Audiences,
    private readonly live: Live,
    private readonly followers: Followers,
    private readonly directory: ConversationDirectory,
    drainables: Drainables,
  ) {
    live.hearersBy((conversationPk, at) => this.hearersOf(conversationPk, at));
    drainables.register('workers', () => this.stop());
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.settle(), SETTLE_MS).unref();
  }

  private async stop(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.turns.values());
    await this.settle();
  }

  /** Tells everybody but the sending socket, which has its acknowledgement. In the order of the calls, by conversation. */
  deliver(appended: Appended, exceptSocketId?: string): void {
    const { message, memberVersion } = appended;
    const { pk, kind } = message.conversation;
    const audience = this.audiences.of(kind);
    if (audience?.broadcast) {
      const said = { json: encodeMessage(message), at: { seq: message.seq, memberVersion } };
      return audience.broadcast(message.conversation, said, exceptSocketId);
    }
    const ahead = this.turns.get(pk);
    if (ahead)
      return this.queue(pk, appended.owed?.insertId, ahead, () => this.emitWhenKnown(appended, exceptSocketId));
    const emitting = this.emitWhenKnown(appended, exceptSocketId);
    if (emitting) this.queue(pk, appended.owed?.insertId, emitting);
  }

  private queue(
    pk: number,
    outboxId: number | undefined,
    ahead: Promise<void>,
    next?: () => Promise<void> | undefined,
  ): void {
    if (outboxId !== undefined) this.held.set(outboxId, (this.held.get(outboxId) ?? 0) + 1);
    const turn = (next ? ahead.then(next) : ahead)
      .catch((error: unknown) => {
        if (outboxId !== undefined) this.left.set(outboxId, true);
        this.logger.warn(
          `live delivery failed; the outbox relay notifies the recipients within some seconds: ${String(error)}`,
        );
      })
      .finally(() => {
        this.release(outboxId);
        if (this.turns.get(pk) === turn) this.turns.delete(pk);
      });
    this.turns.set(pk, turn);
  }

  private release(outboxId: number | undefined): void {
    if (outboxId === undefined) return;
    const more = (this.held.get(outboxId) ?? 1) - 1;
    if (more > 0) this.held.set(outboxId, more);
    else this.held.delete(outboxId);
  }

  /** Without a promise when the hearers are in memory, which is the rule. */
  private emitWhenKnown(
    { message, owed, memberVersion }: Appended,
    exceptSocketId?: string,
  ): Promise<void> | undefined {
    const { conversation, seq } = message;
    const committedAt = performance.now();
    const at = { seq, memberVersion };
    const hearers = this.audiences.of(conversation.kind)?.hearers(conversation, at) ?? [];
    const emit = (userPks: readonly number[]): void => {
      const onWritten = (): void => fanOutHere.observe((performance.now() - committedAt) / 1000);
      this.tell(message, userPks, { exceptSocketId, onWritten, hearers: at });
      // Unknown only where nobody knows how a COMMIT ended: then the relay finds the row, if it is there.
      if (owed?.insertId !== undefined)
        this.note(owed.insertId, { appPk: conversation.appPk, conversationPk: conversation.pk, seq });
    };
    if ('then' in hearers) return hearers.then(emit);
    emit(hearers);
    return undefined;
  }

  /** `message:new` to these hearers. A directed message shows the others no more than its place. */
  tell(message: StoredMessage, userPks: readonly number[], options: EmitOptions = {}): void {
    const { appPk, pk: stream } = message.conversation;
    const { exceptSocketId, localOnly, hearers, onWritten } = options;
    if (!message.recipients) {
      const how = { exceptSocketId, localOnly, logged: true, stream, hearers, onWritten };
      return this.live.toUsers(appPk, userPks, 'message:new', encodedFor(message), how);
    }
    // Of a directed message the two kinds of hearers are named.
    const seeing = userPks.filter((userPk) => maySee(message, userPk));
    const how = { exceptSocketId, localOnly, logged: true, stream };
    this.live.toUsers(appPk, seeing, 'message:new', encodedFor(message), { onWritten, ...how });
    if (seeing.length === userPks.length) return;
    const others = userPks.filter((userPk) => !maySee(message, userPk));
    this.live.toUsers(appPk, others, 'message:new', encodedFor(veiled(message)), how);
  }

  /** For frames of other nodes that name the conversation. */
  private hearersOf(conversationPk: number, at: HeardAt): readonly number[] | Promise<readonly number[]> {
    const known = this.directory.cachedByPk(conversationPk);
    if (known) return this.audiences.of(known.kind)?.hearers(known, at) ?? [];
    return this.directory.byPks([conversationPk]).then((found) => {
      const conversation = found.get(conversationPk);
      return (conversation && this.audiences.of(conversation.kind)?.hearers(conversation, at)) ?? [];
    });
  }

  private note(outboxId: number, place: StoredPlace): void {
    const places = this.settled.get(outboxId);
    if (places) places.push(place);
    else this.settled.set(outboxId, [place]);
  }

  /** What Redis has not confirmed stays owed until the other nodes have read it; what they may not have, the relay finds. */
  private async settleable(): Promise<Map<number, StoredPlace[]>> {
    const done = new Map([...this.settled].filter(([id]) => !this.held.has(id)));
    const now = performance.now();
    for (const id of done.keys()) {
      this.settled.delete(id);
      if (this.left.has(id)) done.delete(id);
    }
    if (done.size + this.unconfirmed.size === 0) return done;
    const state = await this.live.publishState();
    if (state !== 'confirmed') {
      for (const [id, places] of done) this.unconfirmed.set(id, { places, until: now + READ_MS });
      done.clear();
    }
    for (const [id, { places, until }] of this.unconfirmed) {
      if (until > performance.now()) break;
      this.unconfirmed.delete(id);
      if (state !== 'unknown') done.set(id, places);
    }
    return done;
  }

  private async settle(): Promise<void> {
    const done = await this.settleable();
    if (done.size === 0) return;
    try {
      await this.followers.settle(done);
    } catch (error) {
      // The rows stay owed and the relay tips their readers once more: harmless.
      if (!(error instanceof AppError)) {
        this.logger.warn(`settling outbox rows failed; the relay hands them out once more: ${String(error)}`);
      }
    }
  }
}

/** As sockets hear it: the message itself, or where to pull it when it is too large to be pushed. */
const encodedFor = (message: StoredMessage): Encoded =>
  new Encoded(encodeMessage(message), {
    conversationId: message.conversation.conversationId,
    maxSeq: message.seq,
  });

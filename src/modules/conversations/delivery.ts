import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Drainables } from '../../platform/lifecycle/drainables';
import { type EmitOptions, Encoded, Live } from '../../platform/realtime/live';
import { fanOutHere } from '../../platform/realtime/metrics';
import { Outbox } from '../../platform/queues/outbox';
import { Audiences } from './audiences';
import type { Appended } from './draft';
import { encodeMessage, maySee, type StoredMessage, veiled } from './message';

const SETTLE_MS = 200;

/**
 * Hands stored messages to whoever is connected. A courtesy: never awaited by a send, and whatever it misses is found by
 * the client in the log. What it did deliver it takes off the outbox, so that the relay has only crashed nodes' work.
 */
@Injectable()
export class Delivery implements OnModuleInit {
  private readonly logger = new Logger(Delivery.name);
  /** Conversations whose hearers are being read: what is stored next waits behind it, so that order is kept. */
  private readonly turns = new Map<number, Promise<void>>();
  private readonly settled = new Set<number>();
  /** Outbox rows of which some message still waits for its hearers. */
  private readonly held = new Map<number, number>();
  private timer?: NodeJS.Timeout;

  constructor(
    private readonly audiences: Audiences,
    private readonly live: Live,
    private readonly outbox: Outbox,
    drainables: Drainables,
  ) {
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
    const { pk } = appended.message.conversation;
    const ahead = this.turns.get(pk);
    if (ahead) return this.queue(pk, appended.outboxId, ahead, () => this.emitWhenKnown(appended, exceptSocketId));
    const emitting = this.emitWhenKnown(appended, exceptSocketId);
    if (emitting) this.queue(pk, appended.outboxId, emitting);
  }

  private queue(
    pk: number,
    outboxId: number | undefined,
    ahead: Promise<void>,
    next?: () => Promise<void> | undefined,
  ): void {
    if (outboxId !== undefined) this.held.set(outboxId, (this.held.get(outboxId) ?? 0) + 1);
    const turn = (next ? ahead.then(next) : ahead)
      .catch((error: unknown) => this.logger.warn(`a delivery is left to the relay: ${String(error)}`))
      .finally(() => {
        if (this.turns.get(pk) === turn) this.turns.delete(pk);
        const more = (this.held.get(outboxId ?? 0) ?? 1) - 1;
        if (more > 0) this.held.set(outboxId ?? 0, more);
        else this.held.delete(outboxId ?? 0);
      });
    this.turns.set(pk, turn);
  }

  /** Without a promise when the hearers are in memory, which is the rule. */
  private emitWhenKnown(
    { message, outboxId, memberVersion }: Appended,
    exceptSocketId?: string,
  ): Promise<void> | undefined {
    const { conversation, seq } = message;
    const committedAt = performance.now();
    const hearers = this.audiences.of(conversation.kind)?.hearers(conversation, { seq, memberVersion }) ?? [];
    const emit = (userPks: readonly number[]): void => {
      const onWritten = (): void => fanOutHere.observe((performance.now() - committedAt) / 1000);
      this.tell(message, userPks, { exceptSocketId, onWritten });
      if (outboxId !== undefined) this.settled.add(outboxId);
    };
    if ('then' in hearers) return hearers.then(emit);
    emit(hearers);
    return undefined;
  }

  /** `message:new` to these hearers. A directed message shows the others no more than its place. */
  tell(message: StoredMessage, userPks: readonly number[], options: EmitOptions = {}): void {
    const { appPk, pk: stream } = message.conversation;
    const seeing = message.recipients ? userPks.filter((userPk) => maySee(message, userPk)) : userPks;
    this.live.toUsers(appPk, seeing, 'message:new', encodedFor(message), { ...options, stream });
    if (seeing.length === userPks.length) return;
    const others = userPks.filter((userPk) => !maySee(message, userPk));
    this.live.toUsers(appPk, others, 'message:new', encodedFor(veiled(message)), {
      ...options,
      stream,
      onWritten: undefined,
    });
  }

  private async settle(): Promise<void> {
    if (this.settled.size === 0) return;
    const done = [...this.settled].filter((id) => !this.held.has(id));
    for (const id of done) this.settled.delete(id);
    try {
      await this.outbox.done(done);
    } catch (error) {
      // The rows stay owed and the relay tips their readers once more: harmless.
      if (!(error instanceof AppError)) this.logger.warn(`outbox rows could not be settled: ${String(error)}`);
    }
  }
}

/** As sockets hear it: the message itself, or where to pull it when it is too large to be pushed. */
const encodedFor = (message: StoredMessage): Encoded =>
  new Encoded(encodeMessage(message), {
    conversationId: message.conversation.conversationId,
    maxSeq: message.seq,
  });

import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppError } from '../../kernel/errors/app-error';
import { Drainables } from '../../platform/lifecycle/drainables';
import { Encoded, Live } from '../../platform/realtime/live';
import { Outbox } from '../../platform/queues/outbox';
import { type Appended, Audiences, encodeMessage, type StoredMessage } from '../conversations';

const SETTLE_MS = 200;

/**
 * Hands stored messages to whoever is connected. A courtesy: never awaited by a send, and whatever it misses is found by
 * the client in the log. What it did deliver it takes off the outbox, so that the relay has only crashed nodes' work.
 */
@Injectable()
export class Delivery implements OnModuleInit {
  private readonly logger = new Logger(Delivery.name);
  private settled = new Set<number>();
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
    await this.settle();
  }

  /** Tells everybody but the sending socket, which has its acknowledgement. */
  deliver({ message, outboxId }: Appended, exceptSocketId?: string): void {
    const hearers = this.audiences.of(message.conversation.kind)?.hearers(message.conversation) ?? [];
    if ('then' in hearers) {
      hearers.then(
        (userPks) => this.emit(message, userPks, outboxId, exceptSocketId),
        (error: unknown) => this.logger.warn(`a delivery is left to the relay: ${String(error)}`),
      );
    } else this.emit(message, hearers, outboxId, exceptSocketId);
  }

  private emit(message: StoredMessage, userPks: readonly number[], outboxId?: number, exceptSocketId?: string): void {
    const frame = new Encoded(encodeMessage(message));
    this.live.toUsers(message.conversation.appPk, userPks, 'message:new', frame, { exceptSocketId });
    if (outboxId !== undefined) this.settled.add(outboxId);
  }

  private async settle(): Promise<void> {
    if (this.settled.size === 0) return;
    const done = [...this.settled];
    this.settled = new Set();
    try {
      await this.outbox.done(done);
    } catch (error) {
      // The rows stay owed and the relay tips their readers once more: harmless.
      if (!(error instanceof AppError)) this.logger.warn(`outbox rows could not be settled: ${String(error)}`);
    }
  }
}

import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { NodeIdentity } from '../../platform/config/node-identity';
import { Settings } from '../../platform/config/settings';
import { Periodic } from '../../platform/lifecycle/periodic';
import { Outbox } from '../../platform/queues/outbox';
import { BusFallback } from '../../platform/realtime/bus-fallback';
import { Connections } from '../../platform/realtime/connections';
import { Audiences, ConversationHistory, Delivery, type OwedMessages, type StoredMessage } from '../conversations';

const POLL_MS = 1000;
/** Longer than any transaction may take (protocol.md §2.4), so a commit that became visible late is still seen. */
const OVERLAP_MS = 10_000;
const ROWS_MAX = 5000;

/**
 * What nodes store that Redis cannot tell, or not to this node, is read here from the database and delivered to this node's
 * own sockets: live messages within a second or two, whoever is cut off.
 */
@Injectable()
export class BusOutage implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(BusOutage.name);
  /** Outbox rows handled already, with the time at which they may be forgotten. */
  private readonly seen = new Map<number, number>();
  private readonly polls = new Periodic(
    POLL_MS,
    () => this.poll(),
    (error) => this.logger.debug(`reading other nodes' messages from the outbox failed, will retry: ${String(error)}`),
  );

  constructor(
    private readonly outbox: Outbox,
    private readonly history: ConversationHistory,
    private readonly audiences: Audiences,
    private readonly connections: Connections,
    private readonly delivery: Delivery,
    private readonly fallback: BusFallback,
    private readonly node: NodeIdentity,
    private readonly settings: Settings,
  ) {}

  onApplicationBootstrap(): void {
    if (this.settings.role === 'worker') return;
    this.polls.start();
    this.fallback.onCutOff(() => void this.polls.now());
  }

  onApplicationShutdown(): void {
    this.polls.stop();
  }

  private async poll(): Promise<void> {
    const now = performance.now();
    if (this.connections.count === 0 || !this.fallback.active) return;
    const rows = await this.outbox.recent<OwedMessages>('messages', OVERLAP_MS, ROWS_MAX);
    const fresh = rows.filter(
      ({ id, payload }) =>
        payload.node !== this.node.id && this.fallback.isActiveFor(payload.node) && !this.seen.has(id),
    );
    await this.deliver(fresh.flatMap(({ payload }) => payload.messages));
    for (const { id } of fresh) this.seen.set(id, now + 3 * OVERLAP_MS);
    for (const [id, forgetAt] of this.seen) if (forgetAt < now) this.seen.delete(id);
  }

  private async deliver(keys: [number, number][]): Promise<void> {
    const heard: { message: StoredMessage; userPks: number[] }[] = [];
    for (const message of await this.history.exactly(keys)) {
      const hearers =
        (await this.audiences.of(message.conversation.kind)?.hearers(message.conversation, { seq: message.seq })) ?? [];
      const userPks = hearers.filter((userPk) => this.connections.has(userPk));
      if (userPks.length > 0) heard.push({ message, userPks });
    }
    heard.sort((a, b) => a.message.seq - b.message.seq);
    for (const { message, userPks } of heard) this.delivery.tell(message, userPks, { localOnly: true });
  }
}

import { Injectable } from '@nestjs/common';
import type { Jobs } from '../../kernel/contracts/jobs';
import { Live } from '../../platform/realtime/live';
import type { JobHandler } from '../../platform/queues/job-queue';
import { Outbox } from '../../platform/queues/outbox';
import { WorkerHost } from '../../platform/queues/worker-host';
import { Audiences, ConversationDirectory, Followers, type OwedMessages } from '../conversations';

/**
 * Finishes what a node owed when it died between its commit and its delivery: everybody who is connected gets a tip and
 * pulls. Run twice it tips twice, which a client that holds the messages already ignores.
 */
@Injectable()
export class OfflineDeliveryWorker implements JobHandler<'offline-delivery'> {
  readonly job = 'offline-delivery';
  readonly concurrency = 4;

  constructor(
    private readonly outbox: Outbox,
    private readonly directory: ConversationDirectory,
    private readonly audiences: Audiences,
    private readonly live: Live,
    private readonly followers: Followers,
    host: WorkerHost,
  ) {
    host.register(this);
  }

  async handle({ outboxIds }: Jobs['offline-delivery']): Promise<void> {
    const rows = await this.outbox.open<OwedMessages>(outboxIds);
    const heads = new Map<number, number>();
    for (const { payload } of rows) {
      for (const [pk, seq] of payload.messages) heads.set(pk, Math.max(seq, heads.get(pk) ?? 0));
    }
    const conversations = await this.directory.byPks([...heads.keys()]);
    for (const [pk, maxSeq] of heads) {
      const conversation = conversations.get(pk);
      const audience = conversation && this.audiences.of(conversation.kind);
      if (!conversation || !audience) continue;
      const { appPk, conversationId } = conversation;
      for await (const userPks of audience.members(conversation)) {
        this.live.toUsers(appPk, userPks, 'conversation:tip', { conversationId, maxSeq });
      }
    }
    const places = (messages: OwedMessages['messages']) =>
      messages.flatMap(([pk, seq]) => {
        const conversation = conversations.get(pk);
        return conversation ? [{ appPk: conversation.appPk, conversationPk: pk, seq }] : [];
      });
    await this.followers.settle(new Map(rows.map(({ id, payload }) => [id, places(payload.messages)])));
  }
}

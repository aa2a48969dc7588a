import { Injectable } from '@nestjs/common';
import { ConversationHistory } from '../../conversations';
import { EXPIRY_MS } from './prepared-pushes';
import { PushLedger } from './push-ledger';
import type { ClaimedTask } from './push-tasks';

/** Ends what was tried for a day, each message a day after it was sent: what joined it since has its own day. */
@Injectable()
export class ExpiredPushes {
  constructor(
    private readonly history: ConversationHistory,
    private readonly ledger: PushLedger,
  ) {}

  /** Those of the tasks that are still worth sending. */
  async sift(tasks: readonly ClaimedTask[]): Promise<ClaimedTask[]> {
    const oldest = Date.now() - EXPIRY_MS;
    const live = tasks.filter(({ openedAt }) => openedAt.getTime() > oldest);
    const old = tasks.filter(({ openedAt }) => openedAt.getTime() <= oldest);
    await Promise.all(old.map((task) => this.end(task, oldest)));
    return live;
  }

  private async end(task: ClaimedTask, oldest: number): Promise<void> {
    const young = await this.young(task, oldest);
    const seqs = task.seqs.filter((seq) => !young.has(seq));
    const reason = task.reason === null ? 'expired' : `expired: ${task.reason}`;
    const restSince = young.size > 0 ? new Date(Math.min(...young.values())) : undefined;
    await this.ledger.settle({ task, seqs, restSince, status: 'failed', reason });
  }

  /** Those of its messages that are not too old, and when they were sent. */
  private async young({ conversationPk, seqs }: ClaimedTask, oldest: number): Promise<Map<number, number>> {
    const messages = await this.history.exactly(seqs.map((seq) => [conversationPk, seq]));
    return new Map(messages.filter(({ sentAt }) => sentAt > oldest).map(({ seq, sentAt }) => [seq, sentAt]));
  }
}

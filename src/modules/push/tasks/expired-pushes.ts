import { Injectable } from '@nestjs/common';
import { ConversationHistory } from '../../conversations';
import { EXPIRY_MS } from './prepared-pushes';
import { PushLedger } from './push-ledger';
import type { ClaimedTask } from './push-tasks';

/** Ends what was tried for a day: the messages that are too old, and not what joined them since. */
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
    await this.ledger.settle({ task, seqs, status: 'failed', reason });
  }

  private async young({ conversationPk, seqs }: ClaimedTask, oldest: number): Promise<Set<number>> {
    const messages = await this.history.exactly(seqs.map((seq) => [conversationPk, seq]));
    return new Set(messages.filter(({ sentAt }) => sentAt > oldest).map(({ seq }) => seq));
  }
}

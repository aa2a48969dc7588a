import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../kernel/caller';
import { directConversationId } from '../../kernel/contracts/conversation';
import { invalid, type AppError } from '../../kernel/errors/app-error';
import type { SqlExecutor } from '../../platform/database/sql';
import {
  Audiences,
  ConversationDirectory,
  type Admission,
  type Audience,
  type ConversationRef,
  type Sender,
} from '../conversations';
import { creatorOf, Recipients } from './recipients';
import type { KnownUser } from './user-directory';

/** Two users of one app, or one with itself. */
@Injectable()
export class DirectAudience implements Audience {
  readonly kind = 'user';
  readonly reachesAbsentMembers = true;

  constructor(
    audiences: Audiences,
    private readonly conversations: ConversationDirectory,
    private readonly recipients: Recipients,
  ) {
    audiences.register(this);
  }

  /** Without a promise once both users and the conversation are in memory. */
  open(app: AppRef, sender: Sender | null, id: string): ConversationRef | Promise<ConversationRef> {
    if (!sender) throw invalid('from', 'Name the user in whose name this is sent.');
    const recipient = this.recipients.cached(app, id);
    if (!recipient) {
      const creator = creatorOf(app, sender);
      return this.recipients.find(app, creator, id, 'to.id').then((found) => this.between(app, sender, found));
    }
    return this.between(app, sender, recipient);
  }

  private between(app: AppRef, sender: Sender, recipient: KnownUser): ConversationRef | Promise<ConversationRef> {
    const low = Math.min(sender.userPk, recipient.userPk);
    const high = Math.max(sender.userPk, recipient.userPk);
    const known = this.conversations.cached(app.pk, 'user', low, high);
    if (known) return known;
    const conversationId = directConversationId(sender.userId, recipient.userId);
    return this.conversations.open(app.pk, 'user', low, high, conversationId, [low, high]);
  }

  admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]> {
    return this.recipients.admit(tx, admissions, ({ conversation: { lowPk, highPk }, sender }) =>
      sender?.userPk === lowPk ? highPk : lowPk,
    );
  }

  hearers({ lowPk, highPk }: ConversationRef): readonly number[] {
    return lowPk === highPk ? [lowPk] : [lowPk, highPk];
  }

  async *members(conversation: ConversationRef): AsyncIterable<number[]> {
    yield await Promise.resolve([...this.hearers(conversation)]);
  }

  window({ lowPk, highPk, lowFrom, highFrom }: ConversationRef, userPk: number): Promise<{ from: number } | undefined> {
    const from = userPk === lowPk ? lowFrom : userPk === highPk ? highFrom : undefined;
    return Promise.resolve(from === undefined ? undefined : { from });
  }
}

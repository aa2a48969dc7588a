import { Injectable } from '@nestjs/common';
import type { AppRef } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
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

/** Notices of the app to one user. Nobody answers there. */
@Injectable()
export class SystemAudience implements Audience {
  readonly kind = 'system';
  readonly reachesAbsentMembers = true;

  constructor(
    audiences: Audiences,
    private readonly conversations: ConversationDirectory,
    private readonly recipients: Recipients,
  ) {
    audiences.register(this);
  }

  open(app: AppRef, sender: Sender | null, id: string): ConversationRef | Promise<ConversationRef> {
    if (sender) throw new AppError('FORBIDDEN');
    const recipient = this.recipients.cached(app, id);
    if (!recipient) {
      return this.recipients.find(app, creatorOf(app, null), id, 'to.id').then((found) => this.to(app, found));
    }
    return this.to(app, recipient);
  }

  private to(app: AppRef, { userPk, userId }: KnownUser): ConversationRef | Promise<ConversationRef> {
    return (
      this.conversations.cached(app.pk, 'system', userPk, 0) ??
      this.conversations.open(app.pk, 'system', userPk, 0, `system:${userId}`, [userPk])
    );
  }

  admit(tx: SqlExecutor, admissions: readonly Admission[]): Promise<(AppError | undefined)[]> {
    return this.recipients.admit(tx, admissions, ({ conversation }) => conversation.lowPk);
  }

  hearers({ lowPk }: ConversationRef): readonly number[] {
    return [lowPk];
  }

  async *members({ lowPk }: ConversationRef): AsyncIterable<number[]> {
    yield await Promise.resolve([lowPk]);
  }

  window({ lowPk, lowFrom }: ConversationRef, userPk: number): Promise<{ from: number } | undefined> {
    return Promise.resolve(userPk === lowPk ? { from: lowFrom } : undefined);
  }
}

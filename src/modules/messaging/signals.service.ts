import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { Live } from '../../platform/realtime/live';
import { Audiences } from '../conversations';
import { ReadableConversations } from './readable';

/** What is true only for a moment, and stored nowhere. */
@Injectable()
export class SignalsService {
  constructor(
    private readonly readable: ReadableConversations,
    private readonly audiences: Audiences,
    private readonly live: Live,
  ) {}

  async typing(caller: UserCaller, conversationId: string, typing: boolean): Promise<void> {
    const { conversation } = await this.readable.find(caller, conversationId);
    if (conversation.kind === 'chatroom') throw invalid('conversationId', 'Nobody is told who types in a room.');
    const hearers = (await this.audiences.of(conversation.kind)?.hearers(conversation)) ?? [];
    // One may read some conversations without being in them.
    if (!hearers.includes(caller.userPk)) throw new AppError('NOT_MEMBER');
    const others = hearers.filter((userPk) => userPk !== caller.userPk);
    this.live.toUsers(caller.app.pk, others, 'typing', { conversationId, userId: caller.userId, typing });
  }
}

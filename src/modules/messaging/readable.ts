import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import { parseConversationId } from '../../kernel/contracts/conversation';
import { AppError } from '../../kernel/errors/app-error';
import { Audiences, ConversationDirectory, type Readable } from '../conversations';

/** Which conversation a client means and what it may read there. What it may not read does not exist. */
@Injectable()
export class ReadableConversations {
  constructor(
    private readonly directory: ConversationDirectory,
    private readonly audiences: Audiences,
  ) {}

  /** @throws AppError CONVERSATION_NOT_FOUND, the same for absent, foreign and forbidden */
  async find(caller: TenantCaller, conversationId: string): Promise<Readable> {
    const name = parseConversationId(conversationId);
    const conversation = name && (await this.directory.locate(caller.app.pk, name));
    if (!conversation) throw new AppError('CONVERSATION_NOT_FOUND');
    if (caller.kind === 'app') return { conversation, window: { from: 1 } };
    const window = await this.audiences.of(conversation.kind)?.window(conversation, caller.userPk);
    if (!window) throw new AppError('CONVERSATION_NOT_FOUND');
    return { conversation, window };
  }
}

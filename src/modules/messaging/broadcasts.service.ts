import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AppCaller } from '../../kernel/caller';
import { AppError } from '../../kernel/errors/app-error';
import { Audiences, type ConversationRef } from '../conversations';
import type { BroadcastDto } from './dto/broadcast.dto';
import { MessagesService } from './messages.service';

/** Rooms written to at once; what they append goes into the same group commits as everything else. */
const AT_ONCE = 64;

/** One message into every room of an app. */
@Injectable()
export class BroadcastsService {
  constructor(
    private readonly audiences: Audiences,
    private readonly messages: MessagesService,
  ) {}

  /**
   * A message of its own in each room's log. Repeated with the same clientMessageId, it goes only where it has not been:
   * each room's id follows from it and from the room.
   */
  async toChatrooms(caller: AppCaller, { clientMessageId, ...rest }: BroadcastDto): Promise<{ chatrooms: number }> {
    let chatrooms = 0;
    const targets = this.audiences.of('chatroom')?.targetsOf?.(caller.app.pk) ?? [];
    for await (const page of targets) {
      const next = page.values();
      const send = async ({ conversationId }: ConversationRef): Promise<void> => {
        const to = { kind: 'chatroom' as const, id: conversationId.slice('chatroom:'.length) };
        const command = { ...rest, to, clientMessageId: idIn(conversationId, clientMessageId) };
        await this.messages.send(caller, command).then(() => chatrooms++, unlessClosed);
      };
      const worker = async (): Promise<void> => {
        for (const conversation of next) await send(conversation);
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
    }
    return { chatrooms };
  }
}

/** A room that was closed meanwhile is no longer meant. */
function unlessClosed(error: unknown): void {
  if (!(error instanceof AppError && error.code === 'CHATROOM_NOT_FOUND')) throw error;
}

const idIn = (conversationId: string, clientMessageId: string): string =>
  createHash('sha256').update(`${conversationId}\n${clientMessageId}`).digest('base64url').slice(0, 36);

import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { AppError, invalid } from '../../kernel/errors/app-error';
import { Live } from '../../platform/realtime/live';
import { SignalThrottle } from '../../platform/realtime/signal-throttle';
import { Audiences, type ConversationRef } from '../conversations';
import { ReadableConversations } from './readable';

/** Above this many, peers see marks when they ask, and nobody is told who types (protocol.md §2.6). */
const HEARERS_MAX = 200;
const INTERVAL_MS = 1000;
/** Of one conversation: some twenty who type in a group of two hundred. */
const FRAMES_PER_SECOND = 4000;

/**
 * What the others in a conversation are told and nobody stores: who types, who has received and read what. However often a
 * user says it, a conversation hears each of them once a second, and nothing where many would hear it.
 */
@Injectable()
export class SignalsService {
  private readonly throttle = new SignalThrottle({ intervalMs: INTERVAL_MS, framesPerSecond: FRAMES_PER_SECOND });

  constructor(
    private readonly readable: ReadableConversations,
    private readonly audiences: Audiences,
    private readonly live: Live,
  ) {}

  async typing(caller: UserCaller, conversationId: string, typing: boolean): Promise<void> {
    const { conversation } = await this.readable.find(caller, conversationId);
    if (conversation.kind === 'chatroom') {
      throw invalid('conversationId', 'Typing is not supported in chatrooms; send it to users and groups only.');
    }
    const hearers = (await this.audiences.of(conversation.kind)?.hearers(conversation)) ?? [];
    // One may read some conversations without being in them.
    if (!hearers.includes(caller.userPk)) throw new AppError('NOT_MEMBER');
    this.tell(caller, conversation, hearers, 'typing', typing);
  }

  /** A mark has moved. */
  async receipt(
    caller: UserCaller,
    conversation: ConversationRef,
    kind: 'delivered' | 'read',
    seq: number,
  ): Promise<void> {
    const hearers = (await this.audiences.of(conversation.kind)?.hearers(conversation)) ?? [];
    this.tell(caller, conversation, hearers, kind, seq);
  }

  private tell(
    { app, userPk, userId }: UserCaller,
    { pk, conversationId }: ConversationRef,
    hearers: readonly number[],
    kind: 'typing' | 'delivered' | 'read',
    value: boolean | number,
  ): void {
    if (hearers.length > HEARERS_MAX) return;
    const others = hearers.filter((hearer) => hearer !== userPk);
    const tell = (): void => {
      if (typeof value === 'boolean')
        this.live.toUsers(app.pk, others, 'typing', { conversationId, userId, typing: value });
      else if (kind !== 'typing')
        this.live.toUsers(app.pk, others, 'receipt', { conversationId, userId, kind, seq: value });
    };
    this.throttle.update(`${kind}:${userPk}:${pk}`, pk, { value, frames: others.length, send: tell });
  }
}

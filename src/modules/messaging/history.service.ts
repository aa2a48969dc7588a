import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { LogPage } from '../../kernel/contracts/message';
import type { PullRequest } from '../../kernel/contracts/socket-events';
import { invalid } from '../../kernel/errors/app-error';
import type { Answer } from '../../kernel/json-text';
import {
  assertOneBound,
  ConversationHistory,
  type ConversationRef,
  HistoryPages,
  seenBy,
  type StoredMessage,
} from '../conversations';
import { ReadableConversations } from './readable';

export interface HistoryRequest extends PullRequest {
  /** ISO 8601: from this time on, oldest first. */
  from?: string;
  cursor?: string;
}

/** How a time says which zone it is in; the `+` of a query that was not percent-encoded arrives as a blank and is none. */
const ZONE = /T.*(?:Z|[+-]\d\d:?\d\d)$/i;

/** Reads a conversation both ways. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly readable: ReadableConversations,
    private readonly history: ConversationHistory,
    private readonly pages: HistoryPages,
  ) {}

  /** One page; an empty one is the end. `nextCursor` goes on in the same direction. */
  async page(caller: TenantCaller, request: HistoryRequest): Promise<Answer<LogPage>> {
    assertOneBound(request, ['after', 'before', 'from', 'cursor']);
    const readable = await this.readable.find(caller, request.conversationId);
    const { from, ...query } = request;
    if (from !== undefined) query.after = await this.seqBefore(readable.conversation, from);
    const seen = (message: StoredMessage) => (caller.kind === 'user' ? seenBy(message, caller.userPk) : message);
    return this.pages.page(readable, query, seen);
  }

  private async seqBefore(conversation: ConversationRef, from: string): Promise<number> {
    const time = new Date(from);
    // ISO 8601 knows weeks and more that are no time to us, and without a zone a time would be this server's.
    if (!ZONE.test(from) || Number.isNaN(time.getTime()))
      throw invalid('from', 'Write a time with its zone, as 2026-01-31T09:30:00.000Z.');
    return (await this.history.firstSeqSince(conversation, time)) - 1;
  }
}

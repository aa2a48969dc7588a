import { Injectable } from '@nestjs/common';
import type { TenantCaller } from '../../kernel/caller';
import type { WireMessage } from '../../kernel/contracts/message';
import type { PullRequest } from '../../kernel/contracts/socket-events';
import { invalid } from '../../kernel/errors/app-error';
import { readCursor, writeCursor } from '../../platform/entry/cursor';
import { type Page, PAGE_DEFAULT } from '../../platform/entry/page-query';
import { ConversationHistory, type PageBounds, presentMessage, seenBy } from '../conversations';
import { type Readable, ReadableConversations } from './readable';

export interface HistoryRequest extends PullRequest {
  /** ISO 8601: from this time on, oldest first. */
  from?: string;
  cursor?: string;
}

/** Reads a conversation both ways. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly readable: ReadableConversations,
    private readonly history: ConversationHistory,
  ) {}

  /** One page; an empty one is the end. `nextCursor` goes on in the same direction. */
  async page(caller: TenantCaller, request: HistoryRequest): Promise<Page<WireMessage>> {
    const given = (['after', 'before', 'from', 'cursor'] as const).filter((name) => request[name] !== undefined);
    if (given.length > 1)
      throw invalid(given[1], `Give one of after, before, from and cursor, not ${given.join(' and ')}.`);
    const known = await this.readable.find(caller, request.conversationId);
    const limit = request.limit ?? PAGE_DEFAULT;
    const bounds = { ...(await this.bounds(known, request)), limit: limit + 1 };
    const messages = await this.history.page(known.conversation, known.window, bounds);
    const shown = messages.slice(0, limit);
    const last = shown[shown.length - 1];
    const forward = bounds.after !== undefined;
    return {
      items: shown.map((message) => presentMessage(caller.kind === 'user' ? seenBy(message, caller.userPk) : message)),
      ...(messages.length > limit && last && { nextCursor: writeCursor(forward ? 'after' : 'before', last.seq) }),
    };
  }

  private async bounds({ conversation }: Readable, request: HistoryRequest): Promise<Omit<PageBounds, 'limit'>> {
    if (request.from !== undefined) {
      const from = new Date(request.from);
      // ISO 8601 knows weeks and more that are no time to us.
      if (Number.isNaN(from.getTime())) throw invalid('from', 'Write a time as 2026-01-31T09:30:00.000Z.');
      return { after: (await this.history.firstSeqSince(conversation, from)) - 1 };
    }
    const cursor = readCursor(request.cursor, 'string', 'number');
    if (!cursor) return { after: request.after, before: request.before };
    return cursor[0] === 'after' ? { after: cursor[1] } : { before: cursor[1] };
  }
}

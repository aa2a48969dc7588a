import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../kernel/caller';
import { type AppConversation, parseConversationId, type WireConversation } from '../../kernel/contracts/conversation';
import { JsonText, textOf } from '../../kernel/json-text';
import type { PageBudget } from '../../platform/entry/page-budget';
import {
  type AppEntry,
  Audiences,
  type ConversationCard,
  ConversationDirectory,
  ConversationHistory,
  type ConversationRef,
  Inbox,
  type InboxEntry,
  maySee,
  type StoredMessage,
} from '../conversations';
import { lastMessageOf } from './last-message';

/** Whose list it is. */
export type ListOwner = Pick<UserCaller, 'userPk' | 'userId'> & { readonly app: Pick<UserCaller['app'], 'pk'> };

type Listed = Pick<InboxEntry, 'conversationPk' | 'lastSeq' | 'minSeq'>;

/** What is known of the conversations of a page beside their last messages. */
interface Surroundings {
  conversations: ReadonlyMap<number, ConversationRef>;
  cards: ReadonlyMap<number, ConversationCard>;
  peerMarks: ReadonlyMap<number, { deliveredSeq: number; readSeq: number }>;
}

/** Lines of a conversation list: everything that a list shows, looked up for a page at once. */
@Injectable()
export class ConversationLines {
  constructor(
    private readonly inbox: Inbox,
    private readonly directory: ConversationDirectory,
    private readonly history: ConversationHistory,
    private readonly audiences: Audiences,
  ) {}

  /**
   * The lines of these entries in their order, as many as go into the page.
   *
   * @returns `settled`: how many entries have their line or have none, because the conversation left the list
   */
  async within(
    owner: ListOwner,
    entries: readonly InboxEntry[],
    budget: PageBudget,
  ): Promise<{ lines: JsonText<WireConversation>[]; settled: number }> {
    const around = await this.around(owner, entries);
    const lines: JsonText<WireConversation>[] = [];
    let settled = 0;
    for await (const [part, lastMessages] of this.inParts(entries)) {
      for (const entry of part) {
        const line = lineOf(owner, entry, lastMessages.get(entry.conversationPk), around);
        const text = line && textOf(line);
        if (text !== undefined && !budget.take(Buffer.byteLength(text) + 1)) return { lines, settled };
        if (text !== undefined) lines.push(new JsonText(text));
        settled++;
      }
    }
    return { lines, settled };
  }

  /** The same for the app's server, which sees all conversations of its app and all that is said. */
  async ofApp(entries: readonly AppEntry[], budget: PageBudget): Promise<JsonText<AppConversation>[]> {
    const conversations = await this.directory.byPks(entries.map(({ conversationPk }) => conversationPk));
    const cards = await this.audiences.cardsOf([...conversations.values()]);
    const lines: JsonText<AppConversation>[] = [];
    for await (const [part, lastMessages] of this.inParts(entries)) {
      for (const { conversationPk, maxSeq, minSeq } of part) {
        const conversationId = conversations.get(conversationPk)?.conversationId ?? '';
        const { title, group } = cards.get(conversationPk) ?? {};
        const last = lastMessages.get(conversationPk);
        const line: AppConversation = {
          conversationId,
          ...(title !== undefined && { title }),
          ...(last && { lastMessage: lastMessageOf(last) }),
          maxSeq,
          minSeq,
          ...(group && { group }),
        };
        const text = textOf(line);
        if (!budget.take(Buffer.byteLength(text) + 1)) return lines;
        lines.push(new JsonText(text));
      }
    }
    return lines;
  }

  /** Entries with their last messages, where those are kept, a part at a time. */
  private async *inParts<Entry extends Listed>(
    entries: readonly Entry[],
  ): AsyncIterable<[part: readonly Entry[], lastMessages: ReadonlyMap<number, StoredMessage>]> {
    const said = entries.filter(({ lastSeq, minSeq }) => lastSeq >= minSeq && lastSeq > 0);
    const keys = said.map(({ conversationPk, lastSeq }) => [conversationPk, lastSeq] as const);
    let from = 0;
    for await (const { keys: read, messages } of this.history.inParts(keys)) {
      const last = read[read.length - 1]?.[0];
      const to = read.length === 0 ? entries.length : entries.findIndex((entry) => entry.conversationPk === last) + 1;
      yield [entries.slice(from, to), new Map(messages.map((message) => [message.conversation.pk, message]))];
      from = to;
    }
    yield [entries.slice(from), new Map()];
  }

  private async around(owner: ListOwner, entries: readonly InboxEntry[]): Promise<Surroundings> {
    const conversations = await this.directory.byPks(entries.map(({ conversationPk }) => conversationPk));
    const direct = [...conversations.values()].filter(({ kind }) => kind === 'user');
    const [cards, peerMarks] = await Promise.all([
      this.audiences.cardsOf([...conversations.values()], owner.userPk),
      this.inbox.peerMarks(
        owner.userPk,
        direct.map(({ pk }) => pk),
      ),
    ]);
    return { conversations, cards, peerMarks };
  }
}

function lineOf(
  owner: ListOwner,
  entry: InboxEntry,
  last: StoredMessage | undefined,
  { conversations, cards, peerMarks }: Surroundings,
): WireConversation | undefined {
  const conversation = conversations.get(entry.conversationPk);
  if (!conversation) return undefined;
  const { title, avatarUrl, peer, group } = cards.get(conversation.pk) ?? {};
  const marks = peerMarks.get(entry.conversationPk);
  return {
    conversationId: conversation.conversationId,
    ...(title !== undefined && { title }),
    ...(avatarUrl !== undefined && { avatarUrl }),
    ...(last && maySee(last, owner.userPk) && { lastMessage: lastMessageOf(last) }),
    maxSeq: entry.maxSeq,
    minSeq: entry.minSeq,
    readSeq: entry.readSeq,
    unread: entry.unread,
    muted: entry.muted,
    pinned: entry.pinned,
    ...(marks && { peer: { userId: peerOf(conversation, owner.userId), ...peer, ...marks } }),
    ...(group && { group }),
  };
}

function peerOf({ conversationId }: ConversationRef, userId: string): string {
  const name = parseConversationId(conversationId);
  if (name?.kind !== 'user') throw new Error('only a one-to-one conversation has a peer');
  return name.low === userId ? name.high : name.low;
}

import { Injectable } from '@nestjs/common';
import { Audiences, ConversationHistory, type StoredMessage } from '../../conversations';
import { PushFactsGatherer, type PushQuestion, type PushSubject } from '../facts';
import type { FanoutItem } from './fanout-items';

export interface RecipientPage {
  readonly questions: PushQuestion[];
  /** What the next page goes on with. */
  readonly rest: FanoutItem[];
}

interface Told {
  readonly message: StoredMessage;
  readonly subject: PushSubject;
}

/** Recipients decided at once: queries about so many users, and one transaction, are still short. */
const PAGE = 500;

/** Turns messages into recipients, a bounded number at a time, however many members a conversation has. */
@Injectable()
export class RecipientPages {
  constructor(
    private readonly history: ConversationHistory,
    private readonly audiences: Audiences,
    private readonly facts: PushFactsGatherer,
  ) {}

  /** The first page of what these items stand for. A conversation that takes several goes to the end of the queue. */
  async next(items: readonly FanoutItem[]): Promise<RecipientPage> {
    const asked = items.slice(0, PAGE);
    const told = await this.told(asked);
    const questions: PushQuestion[] = [];
    const continued: FanoutItem[] = [];
    let taken = 0;
    for (const item of asked) {
      if (questions.length >= PAGE) break;
      taken++;
      const found = told.get(`${item.c}:${item.s}`);
      if (!found) continue;
      const { message, subject } = found;
      const userPks = await this.page(message, item);
      for (const userPk of userPks) if (userPk !== message.senderPk) questions.push({ subject, userPk });
      const after = userPks[PAGE - 1];
      if (after !== undefined && !item.only && !message.recipients) continued.push({ c: item.c, s: item.s, after });
    }
    return { questions, rest: [...items.slice(taken), ...continued] };
  }

  /** What was forgotten meanwhile, and what is nobody's unread, is told to nobody. */
  private async told(items: readonly FanoutItem[]): Promise<Map<string, Told>> {
    const messages = await this.history.exactly(items.map(({ c, s }) => [c, s]));
    const subjects = await this.facts.subjectsOf(messages);
    const told = messages.map((message, index) => ({ message, subject: subjects[index] }));
    return new Map(
      told.flatMap((each) =>
        each.subject.counts ? [[`${each.message.conversation.pk}:${each.message.seq}`, each] as const] : [],
      ),
    );
  }

  private async page(
    { conversation, recipients }: StoredMessage,
    { only, after }: FanoutItem,
  ): Promise<readonly number[]> {
    if (only) return only;
    if (recipients) return [...recipients.keys()];
    const members = this.audiences.of(conversation.kind)?.members(conversation, after);
    if (!members) return [];
    for await (const page of members) return page.slice(0, PAGE);
    return [];
  }
}

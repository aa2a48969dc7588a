import { Injectable } from '@nestjs/common';
import { type UserCard, UserCards } from '../accounts';
import { Audiences, type StoredMessage } from '../conversations';
import { type AppPushSettings, Apps } from '../tenancy';
import { type BadgeOrder, Badges } from './badges';
import type { UserPushSettings } from './decision';
import { isMentioned } from './facts';
import { compose, type NoteWords } from './note';
import { PushSettings } from './settings/push-settings';

/** What to write: the latest message of a burst, for one device of one recipient. */
export interface NoteOrder extends BadgeOrder {
  readonly message: StoredMessage;
  /** Of the device. */
  readonly locale?: string;
  /** How many messages the notification stands for. */
  readonly count: number;
}

/** All of a notification that does not depend on when and how often it is sent. */
export interface WrittenNote extends NoteWords {
  readonly badge: number;
  readonly data: Readonly<Record<string, string>>;
}

interface Known {
  readonly push?: AppPushSettings;
  readonly names: ReadonlyMap<number, Name>;
  readonly settings: ReadonlyMap<number, UserPushSettings>;
}
interface Name {
  readonly userId: string;
  readonly nickname?: string;
}

/** Reads what notifications are made from, for hundreds at once, and has them composed. */
@Injectable()
export class NoteWriter {
  constructor(
    private readonly apps: Apps,
    private readonly cards: UserCards,
    private readonly settings: PushSettings,
    private readonly audiences: Audiences,
    private readonly badges: Badges,
  ) {}

  /** In their order. */
  async write(orders: readonly NoteOrder[]): Promise<WrittenNote[]> {
    const appPks = new Set(orders.map(({ message }) => message.conversation.appPk));
    const [known, titles, badges] = await Promise.all([
      Promise.all([...appPks].map(async (appPk) => [appPk, await this.knownOf(appPk, orders)] as const)),
      this.titlesOf(orders.map(({ message }) => message)),
      this.badges.of(orders),
    ]);
    const byApp = new Map(known);
    const told = new Map<string, Told>();
    return orders.map((order) => {
      const { conversation } = order.message;
      const reader = readerOf(order, byApp.get(conversation.appPk));
      const key = keyOf(order, reader);
      let same = told.get(key);
      if (!same) {
        same = toldTo(order, reader, byApp.get(conversation.appPk), titles.get(conversation.pk));
        told.set(key, same);
      }
      const { words, data } = same;
      return { title: words.title, body: words.body, sound: words.sound, badge: badges.get(order.userPk) ?? 0, data };
    });
  }

  private async knownOf(appPk: number, orders: readonly NoteOrder[]): Promise<Known> {
    const own = orders.filter(({ message }) => message.conversation.appPk === appPk);
    const senders = own.map(({ message }) => message.senderPk);
    // What a reader is called matters only where somebody is mentioned by name.
    const named = own.filter(({ message }) => message.mentions?.userIds).map(({ userPk }) => userPk);
    const readers = own.map(({ userPk }) => userPk);
    const [app, cards, settings] = await Promise.all([
      this.apps.byPk(appPk),
      this.cards.of(appPk, [...senders, ...named]),
      this.settings.of(appPk, [...new Set([...senders, ...readers])]),
    ]);
    return { push: app?.settings.push, names: namesOf(cards, settings), settings };
  }

  /** By conversation; those between users have none of their own. */
  private async titlesOf(messages: readonly StoredMessage[]): Promise<Map<number, string>> {
    const groups = new Map(
      messages.flatMap(({ conversation }) =>
        conversation.kind === 'group' ? [[conversation.pk, conversation.lowPk] as const] : [],
      ),
    );
    if (groups.size === 0) return new Map();
    const titles = await this.audiences.of('group')?.targets?.titles?.([...new Set(groups.values())]);
    return new Map([...groups].map(([pk, groupPk]) => [pk, titles?.get(groupPk) ?? '']));
  }
}

/** How users are named in pushes, by their keys: as they wish for pushes, else by their profile, else by id. */
const namesOf = (
  cards: ReadonlyMap<number, UserCard>,
  settings: ReadonlyMap<number, UserPushSettings>,
): Map<number, Name> =>
  new Map(
    [...cards].map(([pk, { userId, nickname: known }]) => {
      const nickname = settings.get(pk)?.nickname ?? known;
      return [pk, { userId, ...(nickname !== undefined && { nickname }) }];
    }),
  );

/** All that its words depend on beside the message itself: who agree in it read the same. */
interface Reader {
  readonly mentioned: boolean;
  readonly style?: UserPushSettings['style'];
  readonly language?: string;
}

/** What of a notification is the same for everybody who reads it in the same way. */
interface Told {
  readonly words: NoteWords;
  readonly data: Readonly<Record<string, string>>;
}

function readerOf({ message, userPk }: NoteOrder, known: Known | undefined): Reader {
  const settings = known?.settings.get(userPk);
  return {
    mentioned: isMentioned(message.mentions, known?.names.get(userPk)?.userId),
    style: settings?.style,
    language: settings?.language,
  };
}

/** None of these holds a space. */
const keyOf = ({ message, count, locale }: NoteOrder, { mentioned, style, language }: Reader): string =>
  `${message.conversation.pk} ${message.seq} ${count} ${mentioned} ${style} ${language} ${locale}`;

function toldTo(order: NoteOrder, reader: Reader, known: Known | undefined, title: string | undefined): Told {
  const { message, locale, count } = order;
  const { mentioned, style, language } = reader;
  const words = compose({
    message: { type: message.type, body: JSON.parse(message.body) as unknown },
    sender: known?.names.get(message.senderPk),
    conversationName: title,
    count,
    mentioned,
    words: message.push || undefined,
    settings: { style, language },
    locale,
    app: known?.push,
  });
  return { words, data: dataOf(message) };
}

/** For the client. What the message brings comes first, so that it cannot pass for ours. */
function dataOf({ conversation: { conversationId }, seq, id, push }: StoredMessage): Record<string, string> {
  const ours = { conversationId, seq: String(seq), messageId: id };
  return push && push.data ? Object.assign({}, push.data, ours) : ours;
}

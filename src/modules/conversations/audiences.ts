import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import type { Audience, ConversationCard, ConversationRef, UserFace } from './audience';

/** Which user ids these user pks stand for; supplied by accounts. Ids never change, so the answer may be cached. */
export interface UserNames {
  /** Deleted users keep their name. */
  namesOf(userPks: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** The user that holds this id now (else, for reading old conversations, the last one that did). */
  pkOf(appPk: number, userId: string): Promise<number | undefined>;
  /** Their nicknames and pictures as they are now, with their ids; who has neither is in it as well. */
  facesOf(userPks: readonly number[]): Promise<ReadonlyMap<number, UserFace & { readonly userId: string }>>;
  /** Every user who holds or has held this id. */
  everyPkOf(appPk: number, userId: string): Promise<readonly number[]>;
}

/** The kinds of conversation that this process knows, and the names of who is in them. Modules register at start. */
@Injectable()
export class Audiences implements OnApplicationBootstrap {
  private readonly byKind = new Map<ConversationKind, Audience>();
  names!: UserNames;

  register(audience: Audience): void {
    if (this.byKind.has(audience.kind)) throw new Error(`two audiences for conversations of kind "${audience.kind}"`);
    this.byKind.set(audience.kind, audience);
  }

  /** Undefined where no module brings this kind. */
  of(kind: ConversationKind): Audience | undefined {
    return this.byKind.get(kind);
  }

  /**
   * How lists show these conversations, by key; one look-up for each kind that is among them.
   *
   * @param userPk whose list it is; absent for the app's server, to whom a one-to-one conversation has two sides
   */
  async cardsOf(
    conversations: readonly ConversationRef[],
    userPk?: number,
  ): Promise<ReadonlyMap<number, ConversationCard>> {
    const [peers, groups, rooms] = await Promise.all([
      userPk === undefined ? [] : this.peerCards(conversations, userPk),
      this.targetCards(conversations, 'group'),
      this.targetCards(conversations, 'chatroom'),
    ]);
    return new Map([...peers, ...groups, ...rooms]);
  }

  private async peerCards(
    conversations: readonly ConversationRef[],
    userPk: number,
  ): Promise<[pk: number, ConversationCard][]> {
    const direct = conversations.filter(({ kind }) => kind === 'user');
    const peerPkOf = ({ lowPk, highPk }: ConversationRef): number => (lowPk === userPk ? highPk : lowPk);
    const faces = await this.names.facesOf(direct.map(peerPkOf));
    return direct.flatMap((conversation) => {
      const face = faces.get(peerPkOf(conversation));
      if (!face) return [];
      const { userId, nickname, avatarUrl } = face;
      return [[conversation.pk, { title: nickname ?? userId, avatarUrl, peer: { nickname, avatarUrl } }]];
    });
  }

  private async targetCards(
    conversations: readonly ConversationRef[],
    kind: ConversationKind,
  ): Promise<[pk: number, ConversationCard][]> {
    const own = conversations.filter((conversation) => conversation.kind === kind);
    const cards = own.length > 0 ? await this.of(kind)?.targets?.cards?.(own.map(({ lowPk }) => lowPk)) : undefined;
    return own.flatMap(({ pk, lowPk }) => {
      const card = cards?.get(lowPk);
      return card ? [[pk, card]] : [];
    });
  }

  onApplicationBootstrap(): void {
    for (const kind of ['user', 'system'] as const) {
      if (!this.byKind.has(kind)) throw new Error(`no audience for conversations of kind "${kind}"`);
    }
    if (!this.names) throw new Error('nobody supplies the names of users');
  }
}

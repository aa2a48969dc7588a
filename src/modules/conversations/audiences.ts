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
  /** Those of these users that are deleted and whose id another user has held since. */
  superseded(userPks: readonly number[]): Promise<ReadonlySet<number>>;
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

  /** How lists show these conversations to one of their users, by key; one look-up for each kind that is among them. */
  async cardsOf(
    conversations: readonly ConversationRef[],
    userPk: number,
  ): Promise<ReadonlyMap<number, ConversationCard>> {
    const peerPkOf = ({ lowPk, highPk }: ConversationRef): number => (lowPk === userPk ? highPk : lowPk);
    const of = (kind: ConversationKind) => conversations.filter((conversation) => conversation.kind === kind);
    const direct = of('user');
    const groups = of('group');
    const [faces, targets] = await Promise.all([
      direct.length > 0 ? this.names.facesOf(direct.map(peerPkOf)) : undefined,
      groups.length > 0 ? this.of('group')?.targets?.cards?.(groups.map(({ lowPk }) => lowPk)) : undefined,
    ]);
    const cards = new Map<number, ConversationCard>();
    for (const conversation of direct) {
      const face = faces?.get(peerPkOf(conversation));
      if (!face) continue;
      const { userId, nickname, avatarUrl } = face;
      cards.set(conversation.pk, { title: nickname ?? userId, avatarUrl, peer: { nickname, avatarUrl } });
    }
    for (const { pk, lowPk } of groups) {
      const card = targets?.get(lowPk);
      if (card) cards.set(pk, card);
    }
    return cards;
  }

  onApplicationBootstrap(): void {
    for (const kind of ['user', 'system'] as const) {
      if (!this.byKind.has(kind)) throw new Error(`no audience for conversations of kind "${kind}"`);
    }
    if (!this.names) throw new Error('nobody supplies the names of users');
  }
}

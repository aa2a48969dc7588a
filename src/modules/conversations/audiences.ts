import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import type { Audience } from './audience';

/** Which user ids these user pks stand for; supplied by accounts. Ids never change, so the answer may be cached. */
export interface UserNames {
  /** Deleted users keep their name. */
  namesOf(userPks: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** The user that holds this id now (else, for reading old conversations, the last one that did). */
  pkOf(appPk: number, userId: string): Promise<number | undefined>;
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

  onApplicationBootstrap(): void {
    for (const kind of ['user', 'system'] as const) {
      if (!this.byKind.has(kind)) throw new Error(`no audience for conversations of kind "${kind}"`);
    }
    if (!this.names) throw new Error('nobody supplies the names of users');
  }
}

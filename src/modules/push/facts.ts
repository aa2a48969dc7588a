import { Injectable } from '@nestjs/common';
import type { ConversationKind } from '../../kernel/contracts/conversation';
import type { Mentions, PushOption } from '../../kernel/contracts/message';
import { UserCards, type UserCard } from '../accounts';
import { Standings, type Standing, type StoredMessage } from '../conversations';
import { Apps, type App } from '../tenancy';
import { PushChannels } from './channels';
import type { DeviceFacts, PushFacts, UserPushSettings } from './decision';
import { PushDevices } from './devices/push-devices';
import type { ProviderName } from './provider';
import { PushSettings } from './settings/push-settings';

/** A message as far as a decision about its push asks; one that nobody has written yet is in no conversation. */
export interface PushSubject {
  readonly appPk: number;
  readonly conversationPk?: number;
  readonly kind: ConversationKind;
  readonly seq: number;
  readonly senderPk: number;
  readonly type: string;
  readonly counts: boolean;
  readonly sentAt: Date;
  readonly recalled: boolean;
  readonly push?: PushOption;
  readonly mentions?: Mentions;
  /** Who alone may see it. */
  readonly recipients?: { has(userPk: number): boolean };
}

/** One message and one of those it is for. */
export interface PushQuestion {
  readonly subject: PushSubject;
  readonly userPk: number;
}

interface AppFacts {
  readonly app: PushFacts['app'];
  readonly cards: ReadonlyMap<number, UserCard>;
  readonly settings: ReadonlyMap<number, UserPushSettings>;
  readonly devices: ReadonlyMap<number, readonly DeviceFacts[]>;
}

const NO_VENDOR: ReadonlyMap<ProviderName, 'ready' | 'paused'> = new Map();

/**
 * Gathers what decides about pushes, as it is now. Hundreds of questions cost as many statements as one: standing, users,
 * settings and devices, each read once for all.
 */
@Injectable()
export class PushFactsGatherer {
  constructor(
    private readonly apps: Apps,
    private readonly channels: PushChannels,
    private readonly standings: Standings,
    private readonly cards: UserCards,
    private readonly settings: PushSettings,
    private readonly devices: PushDevices,
  ) {}

  /** Messages of the log as subjects, in their order. */
  async subjectsOf(messages: readonly StoredMessage[]): Promise<PushSubject[]> {
    const uncounted = await this.standings.uncounted(messages);
    return messages.map((message) => ({
      appPk: message.conversation.appPk,
      conversationPk: message.conversation.pk,
      kind: message.conversation.kind,
      seq: message.seq,
      senderPk: message.senderPk,
      type: message.type,
      counts: !uncounted.has(message),
      sentAt: new Date(message.sentAt),
      recalled: message.recalledAt !== null,
      ...(message.push !== undefined && { push: message.push }),
      ...(message.mentions && { mentions: message.mentions }),
      ...(message.recipients && { recipients: message.recipients }),
    }));
  }

  /** The facts of each question, in their order. */
  async gather(questions: readonly PushQuestion[]): Promise<PushFacts[]> {
    const [standings, byApp] = await Promise.all([this.standingsOf(questions), this.appsOf(questions)]);
    const now = new Date();
    return questions.map((question, index) => {
      const known = byApp.get(question.subject.appPk);
      if (!known) throw new Error('an app of the questions was not read');
      return factsOf(question, standings[index], known, now);
    });
  }

  private async standingsOf(questions: readonly PushQuestion[]): Promise<(Standing | undefined)[]> {
    const asked = questions.flatMap(({ subject: { conversationPk }, userPk }) =>
      conversationPk === undefined ? [] : [[userPk, conversationPk] as const],
    );
    const found = (await this.standings.of(asked))[Symbol.iterator]();
    return questions.map(({ subject }) => (subject.conversationPk === undefined ? undefined : found.next().value));
  }

  private async appsOf(questions: readonly PushQuestion[]): Promise<Map<number, AppFacts>> {
    const usersOf = new Map<number, Set<number>>();
    for (const { subject, userPk } of questions) {
      const users = usersOf.get(subject.appPk);
      if (users) users.add(userPk);
      else usersOf.set(subject.appPk, new Set([userPk]));
    }
    const states = await this.channels.states([...usersOf.keys()]);
    return new Map(
      await Promise.all(
        [...usersOf].map(async ([appPk, users]): Promise<[number, AppFacts]> => {
          const userPks = [...users];
          const [app, cards, settings, devices] = await Promise.all([
            this.apps.byPk(appPk),
            this.cards.of(appPk, userPks),
            this.settings.of(appPk, userPks),
            this.devices.of(appPk, userPks),
          ]);
          return [appPk, { app: wishesOf(app, states.get(appPk)), cards, settings, devices }];
        }),
      ),
    );
  }
}

/** An app that does not run has nobody pushed. */
const wishesOf = (app: App | undefined, providers = NO_VENDOR): PushFacts['app'] => ({
  enabled: app?.status === 'online' && app.settings.push.enabled,
  mentionsPierce: app?.settings.push.mentionsPierce ?? false,
  providers,
});

function factsOf(
  { subject, userPk }: PushQuestion,
  standing: Standing | undefined,
  { app, cards, settings, devices }: AppFacts,
  now: Date,
): PushFacts {
  const card = cards.get(userPk);
  // Between users, and to one of them, a message may come before there is any standing.
  const inside = standing ? !standing.left && standing.hearSeq <= subject.seq : subject.kind !== 'group';
  const forIt = !subject.recipients || subject.recipients.has(userPk);
  return {
    now,
    app,
    message: {
      type: subject.type,
      counts: subject.counts,
      sentAt: subject.sentAt,
      recalled: subject.recalled,
      push: subject.push,
      mentioned: isMentioned(subject.mentions, card?.userId),
    },
    recipient: {
      own: subject.senderPk === userPk,
      entitled: card?.status === 'active' && inside && forIt,
      read: standing !== undefined && standing.readSeq >= subject.seq,
      confirmed: standing !== undefined && standing.deliveredSeq >= subject.seq,
      muted: standing?.muted ?? false,
      settings: settings.get(userPk),
    },
    devices: devices.get(userPk) ?? [],
  };
}

/** Whether this user is named in a message, or everybody is. */
export const isMentioned = (mentions: Mentions | undefined, userId: string | undefined): boolean =>
  mentions?.all === true || (userId !== undefined && (mentions?.userIds?.includes(userId) ?? false));

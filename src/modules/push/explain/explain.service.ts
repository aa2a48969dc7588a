import { Injectable } from '@nestjs/common';
import type { AppCaller, AppRef } from '../../../kernel/caller';
import { directConversationId, parseConversationId } from '../../../kernel/contracts/conversation';
import { AppError } from '../../../kernel/errors/app-error';
import { type KnownUser, UserDirectory } from '../../accounts';
import { ConversationDirectory, type ConversationRef } from '../../conversations';
import type { CredentialState } from '../channels';
import {
  decide,
  type DeviceFacts,
  type PushDecision,
  type PushFacts,
  type SuppressReason,
  whatHolds,
} from '../decision';
import { PushFactsGatherer } from '../facts';
import { PushUse } from '../tasks/push-use';
import type { ExplainDto } from './explain.dto';

interface Outcome {
  /** `hold`: a push, and the vendor refuses the app's credential: it goes out when another is uploaded. */
  outcome: 'push' | 'hold' | 'suppress' | 'wait';
  /** Why there is none, or none now. */
  reason?: SuppressReason | 'credential-paused';
  /** How long a device in the foreground has to confirm. */
  waitMs?: number;
  /** The devices that are pushed. */
  pushed?: string[];
  /** The devices that are pushed once another credential is uploaded. */
  held?: string[];
}

/** What would become of a push, and why. */
export interface Explanation extends Outcome {
  /** Where it waits: what follows if no device confirms. */
  thenOtherwise?: Outcome;
  /** Everything that was asked, in the order in which it counts: the first that holds is the reason. */
  rules: { reason: SuppressReason; holds: boolean }[];
  devices: Pick<DeviceFacts, 'deviceId' | 'state' | 'provider'>[];
  /** Whether this app's pushes are recorded: from its first credential or bound token on. */
  recorded: boolean;
}

/** Tells an app what would happen if one of its users wrote to another now: by the facts and the function of the worker. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly directory: UserDirectory,
    private readonly conversations: ConversationDirectory,
    private readonly facts: PushFactsGatherer,
    private readonly use: PushUse,
  ) {}

  /** Throws USER_NOT_FOUND or GROUP_NOT_FOUND. */
  async explain({ app }: AppCaller, { from, to, type = 'text', groupId }: ExplainDto): Promise<Explanation> {
    const sender = from === undefined ? undefined : await this.user(app, from, 'from');
    const recipient = await this.user(app, to, 'to');
    const conversation = await this.conversation(app, sender, recipient, groupId);
    const subject = {
      appPk: app.pk,
      ...(conversation && { conversationPk: conversation.pk }),
      kind: conversation?.kind ?? 'user',
      // Behind everything that anybody has read or confirmed.
      seq: Number.MAX_SAFE_INTEGER,
      senderPk: sender?.userPk ?? 0,
      type,
      counts: type !== 'command',
      sentAt: new Date(),
      recalled: false,
    };
    const [[facts], using] = await Promise.all([
      this.facts.gather([{ subject, userPk: recipient.userPk }]),
      this.use.of([app.pk]),
    ]);
    if (!facts) throw new Error('one question has one answer');
    return { ...explanationOf(facts), recorded: using.has(app.pk) };
  }

  private async user({ pk }: AppRef, userId: string, field: string): Promise<KnownUser> {
    const user = await this.directory.find(pk, userId);
    if (!user) throw new AppError('USER_NOT_FOUND', { field });
    return user;
  }

  /** The one that the message would be in; none between two who never wrote to each other. */
  private async conversation(
    { pk }: AppRef,
    sender: KnownUser | undefined,
    { userId }: KnownUser,
    groupId: string | undefined,
  ): Promise<ConversationRef | undefined> {
    const id =
      groupId !== undefined
        ? `group:${groupId}`
        : sender
          ? directConversationId(sender.userId, userId)
          : `system:${userId}`;
    const name = parseConversationId(id);
    const found = name && (await this.conversations.locate(pk, name));
    if (groupId !== undefined && !found) throw new AppError('GROUP_NOT_FOUND', { field: 'groupId' });
    return found;
  }
}

function explanationOf(facts: PushFacts): Omit<Explanation, 'recorded'> {
  const decision = decide(facts);
  const later = 'wait' in decision ? { ...facts, now: new Date(facts.now.getTime() + decision.wait) } : undefined;
  return {
    ...outcomeOf(decision, facts),
    ...(later && { thenOtherwise: outcomeOf(decide(later), later) }),
    rules: whatHolds(facts),
    devices: facts.devices.map(({ deviceId, state, provider }) => ({
      deviceId,
      state,
      ...(provider !== undefined && { provider }),
    })),
  };
}

function outcomeOf(decision: PushDecision, { app, devices }: PushFacts): Outcome {
  if ('wait' in decision) return { outcome: 'wait', waitMs: decision.wait };
  if (!decision.push) return { outcome: 'suppress', reason: decision.reason };
  const pks = new Set(decision.devicePks);
  const through = (state: CredentialState): string[] =>
    devices.flatMap(({ pk, deviceId, provider }) =>
      pk !== undefined && pks.has(pk) && provider && app.providers.get(provider) === state ? [deviceId] : [],
    );
  const [pushed, held] = [through('ready'), through('paused')];
  if (pushed.length === 0) return { outcome: 'hold', reason: 'credential-paused', held };
  return { outcome: 'push', pushed, ...(held.length > 0 && { held }) };
}

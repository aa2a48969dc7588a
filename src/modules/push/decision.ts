import type { PushOption } from '../../kernel/contracts/message';
import type { ProviderName } from './provider';
import { isQuiet, type QuietHours } from './settings/quiet-hours';

/** How present a device is. A connected one is in the foreground until it says otherwise. */
export type DeviceState = 'foreground' | 'background' | 'offline';

/** A device of the recipient as the decision sees it. */
export interface DeviceFacts {
  readonly deviceId: string;
  readonly state: DeviceState;
  /** Set when it has a token: the row's key and the vendor. */
  readonly pk?: number;
  readonly provider?: ProviderName;
  readonly locale?: string;
  readonly timeZone?: string;
}

export interface UserPushSettings {
  readonly nickname?: string;
  readonly language?: string;
  /** `full` shows what was written, `hidden` only that something was. */
  readonly style?: 'full' | 'hidden';
  readonly quietHours?: QuietHours;
}

/** Everything that decides about one message and one recipient. Facts only: no clock, no database. */
export interface PushFacts {
  readonly now: Date;
  readonly app: {
    /** It runs and wants pushes. */
    readonly enabled: boolean;
    /** Whether a mention passes mute and quiet hours. */
    readonly mentionsPierce: boolean;
    /** The vendors that this app has a credential for, and whether it works. */
    readonly providers: ReadonlyMap<ProviderName, 'ready' | 'paused'>;
  };
  readonly message: {
    readonly type: string;
    /** Whether it adds to the unread of those who did not send it. */
    readonly counts: boolean;
    readonly sentAt: Date;
    readonly recalled: boolean;
    readonly push?: PushOption;
    /** This recipient is named in it, or everybody is. */
    readonly mentioned: boolean;
  };
  readonly recipient: {
    /** It sent the message itself. */
    readonly own: boolean;
    /** Deactivated users, those who left and those who may not see it get nothing. */
    readonly entitled: boolean;
    /** It has read the message. */
    readonly read: boolean;
    /** One of its devices confirmed the message (`message:received`), or it was read. */
    readonly confirmed: boolean;
    /** It wants to hear nothing of this conversation. */
    readonly muted: boolean;
    readonly settings?: UserPushSettings;
  };
  /** The one bound last comes first. */
  readonly devices: readonly DeviceFacts[];
}

/** How long a device in the foreground has to confirm a message before its user counts as away. */
export const CONFIRM_MS = 5000;

type Rule = (facts: PushFacts) => boolean;

/** Whoever these hold for is owed nothing: it is not meant, or it has seen the message. That is nothing to record. */
const NOT_OWED = {
  own: ({ recipient }) => recipient.own,
  'not-entitled': ({ recipient }) => !recipient.entitled,
  'not-counted': ({ message }) => !message.counts,
  read: ({ recipient }) => recipient.read,
  delivered: (facts) => facts.recipient.confirmed && inForeground(facts),
} as const satisfies Record<string, Rule>;

/**
 * Why somebody away gets no push: the first that holds, in this order. What can never change stands before what depends on
 * the moment, and the user's wishes before what its devices lack, so that the answer names what one would have to change.
 */
const REASONS = {
  'push-disabled': ({ app }) => !app.enabled,
  recalled: ({ message }) => message.recalled,
  'message-off': ({ message }) => message.push === false || message.push?.off === true,
  muted: (facts) => facts.recipient.muted && !pierces(facts),
  'quiet-hours': (facts) => inQuietHours(facts) && !pierces(facts),
  'no-device': ({ devices }) => devices.every(({ pk }) => pk === undefined),
  'no-credential': (facts) => reachable(facts).length === 0,
} as const satisfies Record<string, Rule>;

/** Words for `GET /v1/push/deliveries` and `POST /v1/push/explain`; a new one is an addition. */
export type SuppressReason = keyof typeof NOT_OWED | keyof typeof REASONS;
const RULES: Readonly<Record<SuppressReason, Rule>> = { ...NOT_OWED, ...REASONS };
const UNOWED = Object.keys(NOT_OWED) as SuppressReason[];
const OWED = Object.keys(REASONS) as SuppressReason[];
export const SUPPRESS_REASONS: readonly SuppressReason[] = [...UNOWED, ...OWED];

/** Whether a recipient was away, so that the reason is what became of its push. */
export const isRecorded = (reason: SuppressReason): boolean => reason in REASONS;

export type PushDecision =
  /** To these devices, by their keys; where a credential is paused, as soon as another is uploaded. */
  | { readonly push: true; readonly devicePks: readonly number[] }
  | { readonly push: false; readonly reason: SuppressReason }
  /** A device in the foreground may still confirm: ask again after this long. */
  | { readonly wait: number };

/**
 * Whether this recipient's devices are pushed (G5, G6): in the foreground on any of them, the socket alone has a few
 * seconds to bring the message, and only when nobody confirms it the recipient was away; in the background or away, they
 * are pushed at once. The worker and `POST /v1/push/explain` ask this same function.
 */
export function decide(facts: PushFacts): PushDecision {
  const unowed = UNOWED.find((each) => RULES[each](facts));
  if (unowed) return { push: false, reason: unowed };
  const wait = inForeground(facts) ? facts.message.sentAt.getTime() + CONFIRM_MS - facts.now.getTime() : 0;
  // A clock that runs behind the database's must not make anybody wait longer than a confirmation may take.
  if (wait > 0) return { wait: Math.min(wait, CONFIRM_MS) };
  const reason = OWED.find((each) => RULES[each](facts));
  return reason ? { push: false, reason } : { push: true, devicePks: reachable(facts) };
}

/** Each rule and whether it holds, in the order in which they count. */
export const whatHolds = (facts: PushFacts): { reason: SuppressReason; holds: boolean }[] =>
  SUPPRESS_REASONS.map((reason) => ({ reason, holds: RULES[reason](facts) }));

const inForeground: Rule = ({ devices }) => devices.some(({ state }) => state === 'foreground');

const pierces: Rule = ({ app, message }) => app.mentionsPierce && message.mentioned;

const inQuietHours: Rule = ({ now, recipient, devices }) => {
  const hours = recipient.settings?.quietHours;
  return hours !== undefined && isQuiet(hours, now, devices.find(({ timeZone }) => timeZone !== undefined)?.timeZone);
};

/** The devices with a token of a vendor that the app has a credential for. */
const reachable = ({ app, devices }: PushFacts): number[] =>
  devices.flatMap(({ pk, provider }) =>
    pk !== undefined && provider !== undefined && app.providers.has(provider) ? [pk] : [],
  );

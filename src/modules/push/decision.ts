import type { ProviderName } from './provider';

/** What a message says about its own push: its words, or that there is none. */
export interface PushWords {
  readonly title?: string;
  readonly body?: string;
  /** Strings for the client, handed over as they are. */
  readonly data?: Readonly<Record<string, string>>;
}
export type PushOption = PushWords | false;

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

/** From and to as `HH:MM`, in the time zone given, else in that of the device that bound last, else UTC. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
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
    /** Deactivated users and those who left get nothing. */
    readonly entitled: boolean;
    /** One of its devices confirmed the message (`message:received`), or read it. */
    readonly confirmed: boolean;
    /** It wants to hear nothing of this conversation. */
    readonly muted: boolean;
    readonly settings?: UserPushSettings;
  };
  readonly devices: readonly DeviceFacts[];
}

/** Why a recipient gets no push. Words for `GET /v1/push/deliveries`; a new one is an addition. */
export type SuppressReason =
  | 'push-disabled'
  | 'no-credential'
  | 'no-device'
  | 'not-entitled'
  | 'recalled'
  | 'message-off'
  | 'not-counted'
  | 'delivered'
  | 'muted'
  | 'quiet-hours';

export type PushDecision =
  /** To these devices, by their keys. */
  | { readonly push: true; readonly devicePks: readonly number[] }
  | { readonly push: false; readonly reason: SuppressReason }
  /** A device in the foreground may still confirm: ask again after this long. */
  | { readonly wait: number };

/** How long a device in the foreground has to confirm a message before its user counts as away. */
export const CONFIRM_MS = 5000;

/** Signature that `decide` of this file is to have; the worker and POST /v1/push/explain call the same one. */
export type Decide = (facts: PushFacts) => PushDecision;

/** What a vendor's push service looks like from inside: nothing above this line knows which one it is. */

export const PROVIDER_NAMES = ['apns', 'fcm', 'huawei'] as const;
export type ProviderName = (typeof PROVIDER_NAMES)[number];

/** Where a notification goes. */
export interface PushTarget {
  readonly token: string;
  /** What the device said it is: ios, android … */
  readonly platform: string;
}

/** Names of a note's data that tell a client which message it is about. */
export const OURS = ['conversationId', 'seq', 'messageId'] as const;

/** One notification, the same for every vendor. */
export interface PushNote {
  /** A UUID that stays the same however often this push is tried: Apple's apns-id. */
  readonly id: string;
  /** What a later notification of the same conversation replaces on the screen. */
  readonly collapseId: string;
  /** Shows nothing and makes no sound: it brings the badge alone. */
  readonly silent?: boolean;
  readonly title?: string;
  readonly body: string;
  /** The true sum of what is unread. */
  readonly badge?: number;
  readonly sound?: string;
  /** Nobody wants it any more after this. */
  readonly expiresAt: Date;
  /** For the client: conversationId, seq, messageId … */
  readonly data: Readonly<Record<string, string>>;
}

export type ProviderAnswer =
  /** The vendor took it. */
  | { readonly outcome: 'sent'; readonly providerId: string }
  /** Nobody has this token any more; `since` when the vendor knows from when on (APNs' timestamp). */
  | { readonly outcome: 'token-dead'; readonly reason: string; readonly since?: Date }
  /** 429, 5xx, timeout, GOAWAY, reset: the same note may be sent again, not before `afterMs`. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** The app's credential is no good: nothing will be taken until it is replaced. */
  | { readonly outcome: 'credential-bad'; readonly reason: string }
  /** This note will never be taken, others may. */
  | { readonly outcome: 'refused'; readonly reason: string };

/** An open way to one vendor with one app's credential. */
export interface PushChannel {
  /** Never throws for what a vendor or a network does: that is an answer. */
  send(target: PushTarget, note: PushNote): Promise<ProviderAnswer>;
  close(): Promise<void>;
}

/** An app's credential as a provider opens it. */
export interface StoredCredential {
  readonly appPk: number;
  readonly provider: ProviderName;
  /** Rises with every upload. */
  readonly version: number;
  /** What was uploaded, unsealed; its shape is the provider's own. */
  readonly content: Readonly<Record<string, unknown>>;
}

/** A vendor. A new one is one class that says its name and opens channels. */
export interface PushProvider {
  readonly name: ProviderName;
  open(credential: StoredCredential): PushChannel;
}

import type { PushWords, UserPushSettings } from './decision';

/** What the words of a notification are made from. */
export interface NoteInput {
  readonly message: { readonly type: string; readonly body: unknown };
  /** The sender's nickname, else its id; absent for a notice of the app. */
  readonly sender?: { readonly userId: string; readonly nickname?: string };
  /** The group's name, where there is one. */
  readonly conversationName?: string;
  /** How many messages this one notification stands for. */
  readonly count: number;
  readonly mentioned: boolean;
  /** What the message says about its own push. */
  readonly words?: PushWords;
  readonly settings?: UserPushSettings;
  /** The device's language tag, where the user chose none. */
  readonly locale?: string;
}

export interface NoteWords {
  readonly title?: string;
  readonly body: string;
  readonly sound?: string;
}

/** Signature that `compose` of this file is to have. */
export type Compose = (input: NoteInput) => NoteWords;

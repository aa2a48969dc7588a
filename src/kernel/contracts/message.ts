import type { Address } from './address';

/** JSON as the client wrote it. */
export type Json = unknown;

/** The place of a message that was directed to others. */
export const HIDDEN_TYPE = 'hidden';
/** A line that tells what changed. Users cannot send it, so that nobody takes their words for the server's. */
export const NOTICE_TYPE = 'notice';
/** What the server alone says: `change` is a line that changes another. */
export const SERVER_TYPES: ReadonlySet<string> = new Set([HIDDEN_TYPE, 'change']);

/** The types every client understands; others are delivered as they are (T18). */
export const MESSAGE_TYPES = [
  'text',
  'emoji',
  'image',
  'audio',
  'video',
  'file',
  'location',
  'custom',
  'command',
  'combined',
  NOTICE_TYPE,
] as const;

export type Priority = 'high' | 'normal' | 'low';

/** The largest seq: what its column holds. */
export const SEQ_MAX = 0xffffffff;

/** A message without what it says. */
export interface MessageEnvelope {
  /** Opaque. */
  id: string;
  conversationId: string;
  /** 1, 2, 3 … without a hole per conversation. Absent only on an online-only message, which is in no log. */
  seq?: number;
  /** Null: a notice of the app itself. */
  from: string | null;
  to: Address;
  clientMessageId: string;
  type: string;
  mentions?: Mentions;
  /** Set on a directed message: the ids of who else sees it. */
  recipients?: string[];
  /** ISO 8601 UTC with milliseconds, from the database's clock; never falls along a conversation. */
  sentAt: string;
  /** 0 as sent, raised by every edit and by a recall. */
  revision: number;
  recalledAt?: string;
}

/** A message as every observer sees it, through every door (contract.md, A message). */
export interface WireMessage extends MessageEnvelope {
  /** The very text that was sent, and so is `ext`. */
  body: Json;
  ext?: Json;
}

/** A page of a conversation's log. */
export interface LogPage {
  items: WireMessage[];
  /** The seqs that this page settles, both inclusive: whatever the reader may see of them is in it. Absent when it is empty. */
  covers?: { from: number; to: number };
  /** Absent when there is nothing further on. */
  nextCursor?: string;
}

/** Whom a message names, whatever its body: clients highlight it, push may pass a "do not disturb". */
export interface Mentions {
  userIds?: string[];
  /** Everybody: by the owner, an admin or the app's server. */
  all?: true;
}

/** What the push of a message says, instead of what is made from the message. */
export interface PushWords {
  title?: string;
  body?: string;
  /** For the client, handed over as it is. */
  data?: Record<string, string>;
  /** None at all: the same as `push: false`. */
  off?: boolean;
}

/** False: this message is not pushed. */
export type PushOption = PushWords | false;

export interface SendOptions {
  /** Reaches who is connected now; not stored, no seq, not deduplicated. */
  onlineOnly?: boolean;
  /** Decides what is refused first under load; `normal` when absent. */
  priority?: Priority;
  push?: PushOption;
  /** Groups only: nobody but these members (and the sender) sees it. */
  recipients?: string[];
  /** Groups only. */
  mentions?: Mentions;
}

/** contract.md, Send command. */
export interface SendCommand {
  to: Address;
  clientMessageId: string;
  type: string;
  body: Json;
  ext?: Json;
  /** App servers only: the user in whose name the message is sent; absent for a system notice. */
  from?: string;
  options?: SendOptions;
}

/** What became of a send. */
export interface SendOutcome {
  /** This clientMessageId had been stored before: nothing was done, and this is the stored message. */
  duplicate?: true;
  /** Only for online-only messages: whether anybody was there to hear it (D7). */
  online?: boolean;
}

/** What the sender is told after commit: the stored message, and whether it had been stored before. */
export interface SentMessage extends WireMessage, SendOutcome {}

/** The same on a socket, which keeps what it said itself: without `body` and `ext`. */
export interface SendAck extends MessageEnvelope, SendOutcome {}

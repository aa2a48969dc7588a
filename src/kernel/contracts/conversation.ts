import { ID_PATTERN } from '../ids';
import type { WireMessage } from './message';

/** `system` is the one-way conversation of notices from the app to one user. */
export type ConversationKind = 'user' | 'group' | 'chatroom' | 'system';
/** A public conversation id taken apart. `user` names both sides, smaller id (by code unit) first. */
export type ConversationName =
  { kind: 'user'; low: string; high: string } | { kind: 'group' | 'chatroom' | 'system'; id: string };

export const directConversationId = (a: string, b: string): string => (a < b ? `user:${a}:${b}` : `user:${b}:${a}`);

/** The parts of a public conversation id, or undefined when it is not one. Ids hold no colon, so this is exact. */
export function parseConversationId(conversationId: string): ConversationName | undefined {
  const [kind, first = '', second, ...rest] = conversationId.split(':');
  if (rest.length > 0 || !ID_PATTERN.test(first)) return undefined;
  if (kind === 'user') {
    if (second === undefined || !ID_PATTERN.test(second) || first > second) return undefined;
    return { kind, low: first, high: second };
  }
  if (second !== undefined) return undefined;
  return kind === 'group' || kind === 'chatroom' || kind === 'system' ? { kind, id: first } : undefined;
}

/** What a list shows of a group. */
export interface GroupLine {
  groupId: string;
  name: string;
  visibility: 'public' | 'private';
  memberCount: number;
}

/** The last message as lists show it: without `body.thumbnail`, and with at most 1 KB of `body.text`. */
export interface LastMessage extends WireMessage {
  /** Something was left out of the body: read the message itself for it. */
  truncated?: true;
}

/** One line of an app's conversations, as its server sees it. */
export interface AppConversation {
  conversationId: string;
  /** A group's or a room's name. */
  title?: string;
  lastMessage?: LastMessage;
  maxSeq: number;
  minSeq: number;
  group?: GroupLine;
}

/** One line of the conversation list, as a user sees it (contract.md, REST core). */
export interface WireConversation {
  conversationId: string;
  /** The peer's nickname, else its id; the group's name. */
  title?: string;
  /** The peer's picture. */
  avatarUrl?: string;
  /** The last one that this user sees. */
  lastMessage?: LastMessage;
  /** Highest seq of the log. */
  maxSeq: number;
  /** Lowest seq this user may read. */
  minSeq: number;
  readSeq: number;
  /** Messages that others sent after `readSeq` and that still stand. */
  unread: number;
  muted: boolean;
  pinned: boolean;
  /** In a one-to-one conversation: the other side, with its marks for "delivered" and "read" ticks after a restart. */
  peer?: { userId: string; nickname?: string; avatarUrl?: string; deliveredSeq: number; readSeq: number };
  /** In a group. */
  group?: GroupLine;
}

import type { WireError } from '../errors/app-error';
import type { ErrorCode } from '../errors/catalogue';
import type { KickReason } from './bus-frames';
import type { WireConversation } from './conversation';
import type { LogPage, SendAck, SendCommand, WireMessage } from './message';

/** Every acknowledgement: `data` is the reply of the event. */
export type Ack<T> = { ok: true; data: T } | { ok: false; error: WireError };

/** One entry of a user's own event log; `userSeq` rises without a hole and is the cursor of `sync`. */
export interface UserEvent {
  userSeq: number;
  /** `group`: a `group:event` about this user that the group's own log does not tell it (any more). */
  kind: 'read' | 'conversation-changed' | 'profile-changed' | 'group';
  at: string;
  data: Record<string, unknown>;
}

export interface SyncRequest {
  /** The last user event seen; 0 for none. */
  userSeq: number;
  /** What the server said last time; absent on a fresh client. Differs after a restore of the database. */
  storeEpoch?: string;
  /** What the client holds without a hole: `[conversationId, seq]`, at most 500. */
  conversations: [string, number][];
  /** From `nextPage` of the answer before. */
  page?: string;
}

export interface SyncReply {
  /** `snapshot`: too far behind or another store; drop what is above the given maxSeqs and read on from here. */
  reset?: 'snapshot';
  userSeq: number;
  storeEpoch: string;
  userEvents: UserEvent[];
  conversations: WireConversation[];
  /** The first missing messages of the conversations listed, oldest first in each; pull the rest. */
  messages?: WireMessage[];
  nextPage?: string;
}

export interface PullRequest {
  conversationId: string;
  /** Exclusive bounds; oldest first with `after`, newest first with `before` or with neither. */
  after?: number;
  before?: number;
  limit?: number;
}

/** What happened in a group. Those with a `seq` are notices of its log as well, with the same fields in their body. */
export interface GroupEvent {
  groupId: string;
  kind:
    | 'created'
    | 'joined'
    | 'left'
    | 'removed'
    | 'invited'
    | 'invitation-declined'
    | 'join-requested'
    | 'request-rejected'
    | 'admin-changed'
    | 'owner-changed'
    | 'muted'
    | 'unmuted'
    | 'updated'
    | 'dissolved';
  /** Who did it; null: the app's server. */
  by: string | null;
  /** Whom it is about; empty: the group itself. */
  users: string[];
  seq?: number;
  [field: string]: unknown;
}

/** A group as its members see it; REST's `GET /v1/groups/{groupId}` has every field. */
export interface WireGroup {
  groupId: string;
  conversationId: string;
  name: string;
  visibility: 'public' | 'private';
  memberCount: number;
  maxMembers: number;
  owner: string;
}

export interface NewGroup {
  groupId?: string;
  name: string;
  introduction?: string;
  visibility: 'public' | 'private';
  members?: string[];
  maxMembers?: number;
  membersMayInvite?: boolean;
  invitationsNeedConsent?: boolean;
  adminsMayRemove?: boolean;
  readableByNonMembers?: boolean;
  historyForNewMembers?: boolean;
  owner?: string;
  ownerJoins?: boolean;
}

/** What happened in a room. In no log: who is away misses it. */
export interface ChatroomEvent {
  chatroomId: string;
  kind:
    | 'member-joined'
    | 'member-left'
    | 'removed'
    | 'banned'
    | 'muted'
    | 'unmuted'
    | 'admin-changed'
    | 'updated'
    | 'attributes-changed'
    | 'closed';
  /** Who did it; null: the app's server, or nobody. */
  by: string | null;
  /** Whom it is about. When many come or go at once, some of them; `memberCount` counts all. */
  users: string[];
  memberCount?: number;
  [field: string]: unknown;
}

/** What a joining socket is told. The latest messages come as `message:new`, oldest first. */
export interface JoinedChatroom {
  chatroomId: string;
  conversationId: string;
  memberCount: number;
  announcement?: string;
  /** In the order of their keys, as many as the answer has room for. */
  attributes: Record<string, string>;
  /** There are more: `GET /v1/chatrooms/{chatroomId}/attributes?cursor=` goes on from here. */
  nextCursor?: string;
  /** Seq of the last message before those that follow live; 0 for none. */
  maxSeq: number;
  /** This visit: hand it back when a new connection joins, to come back only if nobody put the user out meanwhile. */
  visit: number;
}

/** Client → server events: what each carries and what its acknowledgement answers. The server has one handler each. */
export interface ClientEvents {
  /** Sends a message: acknowledged when it is stored, without `body` and `ext`. No answer, `RETRY` or `BUSY`: send the very same again. */
  'message:send': { data: SendCommand; reply: SendAck };
  /** This device holds everything up to `seq`; the sender is told (`receipt`). */
  'message:received': { data: { conversationId: string; seq: number }; reply: Record<string, never> };
  /** Raises the read mark, on all devices of the user; the others are told (`receipt`). */
  'conversation:read': { data: { conversationId: string; seq: number }; reply: { readSeq: number; unread: number } };
  /** A page of a conversation, as `GET /v1/conversations/{conversationId}/messages`. */
  'conversation:pull': { data: PullRequest; reply: LogPage };
  /** What changed while the client was away, in pages: send it after each connect and on `sync:hint`. */
  sync: { data: SyncRequest; reply: SyncReply };
  /** Which conversations are ahead of what the client holds: a small `sync` that brings no messages. */
  'sync:heads': {
    data: { conversations: [string, number][] };
    /** `more`: further conversations are behind as well; `sync` pages through them. */
    reply: { userSeq: number; storeEpoch: string; conversations: [string, number][]; more?: true };
  };
  /** Tells the others that the user types, or stopped. Stored nowhere; not in rooms. */
  typing: { data: { conversationId: string; typing?: boolean }; reply: Record<string, never> };
  /** Whether somebody looks at this device: decides about pushes. */
  'device:state': { data: { state: 'foreground' | 'background' }; reply: Record<string, never> };
  /** Hear `presence:event` of these users while this socket lives; the answer says who is online now. */
  'presence:subscribe': {
    data: { userIds: string[]; unsubscribe?: boolean };
    reply: { items: { userId: string; online: boolean }[] };
  };
  /** Goes on with another token of the same user, before the connection’s own ends. */
  'session:renew': { data: { token: string }; reply: { expiresAt: string } };
  /** Makes a group that the user owns, as `POST /v1/groups`. */
  'group:create': { data: NewGroup; reply: WireGroup };
  /** Asks to join: a public group takes one at once, a private one when the owner or an admin agrees. */
  'group:join': {
    data: { groupId: string; message?: string };
    reply: { status: 'joined' | 'pending'; requestId?: string };
  };
  /** Leaves. An owner hands the group over first. */
  'group:leave': { data: { groupId: string }; reply: Record<string, never> };
  /** Brings users in, or asks them where the group wants their consent. */
  'group:invite': {
    data: { groupId: string; userIds: string[] };
    reply: { items: { userId: string; status: 'joined' | 'invited' | 'refused'; invitationId?: string }[] };
  };
  /** Comes in as invited. */
  'group:accept': { data: { groupId: string; invitationId: string }; reply: { status: 'joined' } };
  /** Does not come in. */
  'group:decline': { data: { groupId: string; invitationId: string }; reply: { status: 'declined' } };
  /** Lets in who asked to join; by the owner and admins. */
  'group:approve': { data: { groupId: string; requestId: string }; reply: { requestId: string; status: string } };
  /** Refuses who asked to join; by the owner and admins. */
  'group:reject': {
    data: { groupId: string; requestId: string; reason?: string };
    reply: { requestId: string; status: string };
  };
  /** Puts a member out; by the owner, and by admins where the group says so. */
  'group:remove': { data: { groupId: string; userId: string }; reply: Record<string, never> };
  /** Ends the group for everybody; by the owner. */
  'group:dissolve': { data: { groupId: string }; reply: Record<string, never> };
  /**
   * Comes in with this socket and hears the room from here on; the latest messages come first, as `message:new`. `visit`,
   * from an earlier answer: comes back after a lost connection, and is refused with NOT_MEMBER if put out meanwhile.
   */
  'chatroom:join': { data: { chatroomId: string; history?: number; visit?: number }; reply: JoinedChatroom };
  /** Goes out with this socket. */
  'chatroom:leave': { data: { chatroomId: string }; reply: Record<string, never> };
}

/** Server → client events. */
export interface ServerEvents {
  'message:new': WireMessage;
  'message:batch': { messages: WireMessage[] };
  'message:changed': WireMessage;
  'conversation:tip': { conversationId: string; maxSeq: number };
  'sync:hint': { reason: 'lagging' | 'gap' | 'bus' };
  receipt: { conversationId: string; userId: string; kind: 'delivered' | 'read'; seq: number };
  typing: { conversationId: string; userId: string; typing: boolean };
  'presence:event': { userId: string; online: boolean };
  'group:event': GroupEvent;
  'chatroom:event': ChatroomEvent;
  'user:event': UserEvent;
  /** This socket is about to be closed for what it sent, `RATE_LIMITED` or `TOO_LARGE`; its session goes on. */
  'session:closed': { code: ErrorCode };
  'session:kicked': { reason: KickReason; byPlatform?: string };
  'session:expiring': { expiresAt: string };
  'session:reconnect': { afterMs: number };
}

export type ClientEventName = keyof ClientEvents;
export type ServerEventName = keyof ServerEvents;

/** The names at run time. One missing or too many does not compile; the start checks that each has its handler. */
const CLIENT_EVENTS_SET = {
  'message:send': true,
  'message:received': true,
  'conversation:read': true,
  'conversation:pull': true,
  sync: true,
  'sync:heads': true,
  typing: true,
  'device:state': true,
  'presence:subscribe': true,
  'session:renew': true,
  'group:create': true,
  'group:join': true,
  'group:leave': true,
  'group:invite': true,
  'group:accept': true,
  'group:decline': true,
  'group:approve': true,
  'group:reject': true,
  'group:remove': true,
  'group:dissolve': true,
  'chatroom:join': true,
  'chatroom:leave': true,
} satisfies Record<ClientEventName, true>;
export const CLIENT_EVENTS = Object.keys(CLIENT_EVENTS_SET) as ClientEventName[];

/** The same for what the server says. */
const SERVER_EVENTS_SET = {
  'message:new': true,
  'message:batch': true,
  'message:changed': true,
  'conversation:tip': true,
  'sync:hint': true,
  receipt: true,
  typing: true,
  'presence:event': true,
  'group:event': true,
  'chatroom:event': true,
  'user:event': true,
  'session:closed': true,
  'session:kicked': true,
  'session:expiring': true,
  'session:reconnect': true,
} satisfies Record<ServerEventName, true>;
export const SERVER_EVENTS = Object.keys(SERVER_EVENTS_SET) as ServerEventName[];

/** What the handshake's `auth` carries. */
export interface HandshakeAuth {
  token: string;
  device: { id: string; platform: string; state?: 'foreground' | 'background' };
  features?: 'batch'[];
}

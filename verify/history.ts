import type { ChatroomEvent, GroupEvent } from '../src/kernel/contracts/socket-events';

/**
 * What the virtual clients did and saw, in the vocabulary of protocol.md §2.14: `ok` was acknowledged, `fail` was
 * refused for good, `info` has an unknown outcome. Times are milliseconds of one monotonic clock, since all clients live
 * in one process; `began` is when a call was made and `at` when its answer came.
 *
 * `device` is `tenant/user/device`. `conversation` is `tenant|conversationId`, because the tenants use the same ids on
 * purpose. `sender` is the user's id, or `-` for the app itself.
 */
export interface Seen {
  at: number;
  device: string;
}

/** One message as the wire named it. */
export interface Named {
  conversation: string;
  seq: number;
  messageId: string;
  sender: string;
  id: string;
  /** Nothing but its place was shown: it is directed to others. */
  hidden?: true;
}

export type SendInvoke = Seen & {
  type: 'send.invoke';
  conversation: string;
  sender: string;
  /** The clientMessageId; `attempt` tells its repeats and parallel copies apart. */
  id: string;
  attempt: number;
  via: string;
  text: string;
  /** The highest seq of this conversation that the device had applied. */
  have: number;
};
type Outcome = Seen & { conversation: string; sender: string; id: string; attempt: number };
export type SendOk = Outcome & { type: 'send.ok'; seq: number; messageId: string; duplicate: boolean };
export type SendFail = Outcome & { type: 'send.fail'; code: string };
export type SendInfo = Outcome & { type: 'send.info'; reason: string };

export type Via = 'live' | 'pull' | 'sync' | 'ack' | 'fresh';
export type Received = Seen & Named & { type: 'recv'; via: Via; text: string };
export type Applied = Seen & Named & { type: 'apply' };
export type Pulled = Seen & { type: 'pull'; began: number; conversation: string; after: number; seqs: number[] };
export type Head = Seen & { type: 'head'; began: number; conversation: string; maxSeq: number; storeEpoch: string };
export type ReadOk = Seen & {
  type: 'read.ok';
  began: number;
  conversation: string;
  asked: number;
  /** What the device had applied when it asked. */
  have: number;
  readSeq: number;
};
/** A user's marks as a sync showed them. `final` after everything came to rest. */
export type MarkSeen = Seen & {
  type: 'mark';
  began: number;
  conversation: string;
  readSeq: number;
  unread: number;
  maxSeq: number;
  peerReadSeq?: number;
  final?: true;
};
/** The end of this device's session was acknowledged to whoever asked for it. */
export type Revoked = Seen & { type: 'revoked'; began: number };
/** A change of a group or room that somebody asked for: as a group's notice must tell it, and what became of it. */
export type Change = Seen & {
  type: 'change';
  began: number;
  conversation: string;
  outcome: 'ok' | 'fail' | 'info';
  code?: string;
} & Happening;
/** A device asks to come into a room, with the latest of its messages; what it hears from then on belongs to this stay. */
export type RoomJoin = Seen & { type: 'room.join'; conversation: string; history: number };
export type RoomJoined = Seen & { type: 'room.joined'; conversation: string; maxSeq: number };
/** From here on it expects to hear nothing any more. */
export type RoomOut = Seen & { type: 'room.out'; conversation: string };
/** The server says that something may have been missed. */
export type Hint = Seen & { type: 'hint'; reason: string };
/** A vendor was asked to notify a phone (`device`), and took it or not; named by the message that it brings. */
export type PushAsked = Seen & {
  type: 'push';
  conversation: string;
  seq: number;
  id: string;
  collapseId: string;
  taken: boolean;
  status: number;
};
/** The device was let in, or turned away. */
export type Connected = Seen & { type: 'conn'; began: number };
export type Disconnected = Seen & { type: 'disc'; reason: string };
export type Kicked = Seen & { type: 'kicked'; reason: string };
/** A tenant's canary in something that was shown to another tenant. */
export type Canary = Seen & { type: 'canary'; of: string; where: string; shown: string };
/** A question whose only right answer is known beforehand. */
export type Probe = Seen & {
  type: 'probe';
  invariant: InvariantName;
  asks: string;
  expected: string;
  got: string;
};
/** What a notice of a group's log says, and what a room's listeners are told. */
export interface Happening {
  kind: GroupEvent['kind'] | ChatroomEvent['kind'] | 'unbanned';
  users: string[];
  all?: true;
  admin?: boolean;
  maySpeak?: boolean;
  banned?: true;
}
export type FaultSeen = Seen & { type: 'fault'; fault: string; phase: 'begin' | 'end' };

export type Event =
  | SendInvoke
  | SendOk
  | SendFail
  | SendInfo
  | Received
  | Applied
  | Pulled
  | Head
  | ReadOk
  | MarkSeen
  | Revoked
  | Change
  | RoomJoin
  | RoomJoined
  | RoomOut
  | Hint
  | PushAsked
  | Connected
  | Disconnected
  | Kicked
  | Canary
  | Probe
  | FaultSeen;

export type InvariantName = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12';

/** One row of the message table, named as the wire names it. */
export interface StoredRow {
  conversation: string;
  seq: number;
  sender: string;
  id: string;
  text: string;
  /** The users to whom alone it is directed. */
  recipients?: readonly string[];
  /** A line of a group's log that tells a change of the group. */
  notice?: Happening;
}

/** A group as its own tables know it; the checker compares that with what the group's log tells. */
export interface StoredGroup {
  /** Who comes in may read what was before. */
  history: boolean;
  /** Users with a role. */
  members: readonly string[];
  /** By user. */
  windows: ReadonlyMap<string, { joinSeq: number; hearSeq: number; leaveSeq: number | null }>;
}

/** How the push of one message to one phone ended; without a phone: for all of its user's. */
export interface PushRecord {
  conversation: string;
  seq: number;
  user: string;
  phone?: string;
  status: 'sent' | 'suppressed' | 'failed';
  reason?: string;
  providerId?: string;
}

export interface PushState {
  records: readonly PushRecord[];
  /** The phones of everybody who was away all the time, by `tenant/user`. */
  phones: ReadonlyMap<string, readonly string[]>;
  /** What was still owed when it should have been done. */
  owed: readonly string[];
}

/** How everything stood once the faults were healed and the clients had come to rest. */
export interface FinalState {
  /** The dump of the message table. */
  rows: readonly StoredRow[];
  /** The head of each conversation as its own row says. */
  heads: ReadonlyMap<string, number>;
  /** `tenant/user` of everybody who may read a conversation. */
  members: ReadonlyMap<string, readonly string[]>;
  /** The groups among the conversations. */
  groups: ReadonlyMap<string, StoredGroup>;
  /** Devices that were connected to the end, and entitled to everything of their user. */
  online: readonly string[];
  /** Devices that logged in after the rest with nothing in their store. */
  fresh: readonly string[];
  /** Devices that had not reached every head in time, with what they lacked. */
  behind: ReadonlyMap<string, string>;
  /** Where somebody away was pushed. */
  push?: PushState;
}

export const userOf = (device: string): string => device.slice(0, device.lastIndexOf('/'));
export const userIdOf = (device: string): string => userOf(device).slice(device.indexOf('/') + 1);
export const tenantOf = (deviceOrUser: string): string => deviceOrUser.slice(0, deviceOrUser.indexOf('/'));
/** Names a message for ever: its sender and the id that the sender gave it. */
export const messageKey = (conversation: string, sender: string, id: string): string =>
  `${conversation.slice(0, conversation.indexOf('|'))}/${sender}/${id}`;

/** Events in the order in which they were seen. */
export class History {
  readonly events: Event[] = [];
  private readonly began = performance.now();

  now(): number {
    return Math.round((performance.now() - this.began) * 1000) / 1000;
  }

  add<T extends Event>(event: T): T {
    this.events.push(event);
    return event;
  }
}

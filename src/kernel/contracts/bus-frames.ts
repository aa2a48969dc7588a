/**
 * What travels between nodes. Every frame is a hint or an invalidation: losing one costs latency, never a message
 * (protocol.md §2.4).
 */
export interface BusFrames {
  /** Hand an encoded client event to whoever of these users is connected here. */
  deliver: {
    appPk: number;
    userPks: readonly number[];
    /** Event name and JSON text, encoded once by the sending node. */
    event: string;
    json: string;
    exceptSocketId?: string;
    /** Frames of one stream, a conversation, keep their order. */
    stream?: number;
    /** Instead of `userPks`: those who hear the stream at this point. Each node knows them, or finds them out. */
    hearers?: HearersAt;
    /** What may be said instead where too much waits. */
    tip?: { conversationId: string; maxSeq: number };
    /** When it left, by the sender's clock; milliseconds. */
    sentAtMs: number;
  };
  /** End these sessions' sockets, telling why. `before`: only those of a lower generation, which a newer one replaced. */
  kick: {
    userPk: number;
    sessionPks: number[];
    reason: KickReason;
    byPlatform?: string;
    before?: number;
  };
  /** Forget what is cached under this key. `ask`: say so with `forgotten` when it is done, also what was asked before. */
  forget: { cache: 'app' | 'developer' | 'user' | 'push-credentials'; appPk: number; pk: number; ask?: string };
  forgotten: { ask: string };
  /** Who hears a conversation has changed: whoever knows its members at the version before knows them at this one. */
  members: {
    conversationPk: number;
    memberVersion: number;
    /** Those who came in hear what is said from this seq on. */
    since: number;
    entered: number[];
    left: number[];
  };
  /** A user came to the sending node or left it (absent: it has said all its users again): ask again where they are. */
  route: { userPk?: number };
  /** The sending node holds sockets; `ready`: it would let more in. Sent with each heartbeat (400 ms). */
  serving: { ready: boolean };
  /** A message of a room for whoever listens here; without a seq: one that is in no log. */
  'chatroom:message': {
    /** The room's conversation. */
    room: number;
    json: string;
    seq?: number;
    /** The conversation's memberVersion that it was stored under: whoever knows less must look who was removed. */
    version?: number;
    exceptSocketId?: string;
  };
  /** A room changed: what its listeners are told, and who is out. `ask`: answer when it is done here. */
  'chatroom:changed': {
    room: number;
    version: number;
    events: string[];
    removed: number[];
    closed?: boolean;
    /** Whether messages are handed out, where that changed. */
    stopped?: boolean;
    ask?: string;
  };
  'chatroom:done': { ask: string };
  /** Who came into rooms and who left them on the sending node; `whole`: these are all that it has there. */
  'chatroom:roster': {
    rooms: [room: number, came: [userPk: number, version: number][], left: number[]][];
    whole?: true;
  };
  /** The rooms with members on the sending node are these and no others. */
  'chatroom:rooms': { rooms: number[] };
  /** Asks for all rosters; with `about`: only for this user in this room, to be answered when that is said. */
  'chatroom:ask': { about?: { room: number; userPk: number; ask: string } };
  /** Brings these users' sockets into the room. */
  'chatroom:enlist': { room: number; userPks: number[] };
  /** A user came or went (on the sending node). */
  presence: { appPk: number; userPk: number; userId: string; online: boolean };
}

/** A point of a conversation's log, and the version of its members there. */
export interface HearersAt {
  seq: number;
  memberVersion?: number;
}

export type BusFrameName = keyof BusFrames;

/** Why a session was ended, as `session:kicked` tells its loser. */
export type KickReason =
  'multi-login' | 'replaced' | 'revoked' | 'deactivated' | 'deleted' | 'app-offline' | 'token-expired';

/**
 * What travels between nodes. Every frame is a hint or an invalidation: losing one costs latency, never a message
 * (protocol.md §2.4).
 */
export interface BusFrames {
  /** Hand an encoded client event to whoever of these users is connected here. */
  deliver: {
    appPk: number;
    userPks: number[];
    /** Event name and JSON text, encoded once by the sending node. */
    event: string;
    json: string;
    exceptSocketId?: string;
    /** Frames of one stream keep their order. */
    stream?: number;
    /** When it left, by the sender's clock; milliseconds. */
    sentAtMs: number;
  };
  /** End these sessions' sockets, telling why. `exceptSocketId`: the connection that replaced them. */
  kick: {
    userPk: number;
    sessionPks: number[];
    reason: KickReason;
    byPlatform?: string;
    silent?: boolean;
    exceptSocketId?: string;
  };
  /** Forget what is cached under this key. */
  forget: { cache: 'app' | 'developer' | 'user'; appPk: number; pk: number };
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
  /** A user came or went (on the sending node). */
  presence: { appPk: number; userPk: number; userId: string; online: boolean };
}

export type BusFrameName = keyof BusFrames;

/** Why a session was ended, as `session:kicked` tells its loser. */
export type KickReason =
  | 'multi-login'
  | 'replaced'
  | 'revoked'
  | 'deactivated'
  | 'deleted'
  | 'app-offline'
  | 'token-expired'
  | 'slow-consumer';

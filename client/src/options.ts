import type { JoinedChatroom, SendCommand, ServerEvents } from './catalogue';
import type { UserEvent, WireConversation, WireMessage } from './catalogue';
import type { Clock } from './clock';
import type { ConnectionState } from './connection';
import type { ParleyError } from './errors';
import type { Skipped } from './reader';
import type { RoomLeft } from './visits';
import type { Login } from './session';
import type { Storage } from './storage';
import type { Reset } from './sync';

export interface ParleyClientOptions {
  /** Where the server is: `https://im.example.com`. */
  url: string;
  login: Login;
  /**
   * By `id` the server knows the device; of two clients with one id the newer alone stays. Left out, the client makes it:
   * one for each tab of a browser, elsewhere one that stays with `storage`. `platform` is `web` in a browser and `node`
   * elsewhere when left out.
   */
  device?: { id?: string; platform?: string };
  /** Where unsent messages and positions outlive the process. In memory when left out. */
  storage?: Storage;
  /** Further behind than this in a conversation, the client leaps and says so with `skipped`. 10,000 when left out. */
  catchUpLimit?: number;
  /** The same for a room after a lost connection. 1,000 when left out. */
  roomCatchUpLimit?: number;
  /** Failed attempts in a row before the connection is given up. No limit when left out. */
  reconnectAttemptsMax?: number;
  /** How long one attempt of a call waits for its answer; 5,000 when left out. */
  callTimeoutMs?: number;
  /** Both when left out. */
  transports?: ('websocket' | 'polling')[];
  /** False: the application confirms delivery itself, with `call('message:received', …)`. */
  confirmDelivery?: boolean;
  clock?: Clock;
}

export interface ClientListeners {
  /** Every line of every conversation, own messages included: in order, without a gap, once. */
  message: WireMessage;
  /** An edit or a recall of an earlier message. */
  changed: ServerEvents['message:changed'];
  /** A line of the conversation list that is new or has changed; changes within a tenth of a second are told as one. */
  conversation: WireConversation;
  /** Back in a room after a lost connection, as it stands now; what was missed follows as messages. */
  'room-rejoined': JoinedChatroom;
  /** Out of a room against one's will: put out, or not let in again after a lost connection. */
  'room-left': RoomLeft;
  receipt: ServerEvents['receipt'];
  typing: ServerEvents['typing'];
  presence: ServerEvents['presence:event'];
  /** The user's own event log, in order: read marks of other devices and the like. */
  'user-event': UserEvent;
  state: ConnectionState;
  kicked: ServerEvents['session:kicked'];
  /** What `pending` shows has changed: queued, acknowledged or refused. */
  pending: SendCommand[];
  /** A queued message was definitely refused, also one of an earlier run that nobody awaits any more. */
  refused: { command: SendCommand; error: ParleyError };
  skipped: Skipped;
  reset: Reset;
  /** Every event of the server as it came, known to this version or not. */
  event: { name: string; data: unknown };
  /** What went wrong beside any call, such as a token that could not be renewed. */
  error: ParleyError;
}

/** `from` is for app servers alone; the id is made here unless the application brings its own. */
export type OutgoingMessage = Omit<SendCommand, 'clientMessageId' | 'from'> & { clientMessageId?: string };

import type { SendCommand, ServerEvents, UserEvent, WireConversation, WireMessage } from './catalogue';
import type { Clock } from './clock';
import type { ConnectionState } from './connection';
import type { ParleyError } from './errors';
import type { Skipped } from './reader';
import type { Login } from './session';
import type { Storage } from './storage';
import type { Reset } from './sync';

export interface ParleyClientOptions {
  /** Where the server is: `https://im.example.com`. */
  url: string;
  login: Login;
  /** `id` stays the same for an installation; the server knows the device by it. */
  device: { id: string; platform: string };
  /** Where unsent messages and positions outlive the process. In memory when left out. */
  storage?: Storage;
  /** Further behind than this in a conversation, the client leaps and says so with `skipped`. 10,000 when left out. */
  catchUpLimit?: number;
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
  /** A line of the conversation list, as the server has it. */
  conversation: WireConversation;
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

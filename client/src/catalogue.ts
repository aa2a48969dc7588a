/**
 * The server's own words: the one place where this package touches the server's source, and only its types. They are
 * erased from the program, and the build copies them into the published declarations.
 */
export type { Address, AddressKind } from '../../src/kernel/contracts/address';
export type { WireConversation } from '../../src/kernel/contracts/conversation';
export type {
  Json,
  Priority,
  SendCommand,
  SendOptions,
  SentMessage,
  WireMessage,
} from '../../src/kernel/contracts/message';
export type {
  Ack,
  ChatroomEvent,
  ClientEventName,
  ClientEvents,
  HandshakeAuth,
  JoinedChatroom,
  PullRequest,
  ServerEventName,
  ServerEvents,
  SyncReply,
  SyncRequest,
  UserEvent,
} from '../../src/kernel/contracts/socket-events';
export type { WireError } from '../../src/kernel/errors/app-error';
export type { ErrorCode } from '../../src/kernel/errors/catalogue';

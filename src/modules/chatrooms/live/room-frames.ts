import type { ChatroomEvent } from '../../../kernel/contracts/socket-events';
import { type Frame, frameOf } from '../../../platform/realtime/frame';
import { PUSH_BYTES_MAX } from '../../../platform/realtime/outbound';
import { type ConversationRef, encodeMessage, type StoredMessage } from '../../conversations';

/** The frame of a message: the message itself, or a hint to pull it when it is too large to send (protocol.md §2.4). */
export function messageFrame({ conversationId }: ConversationRef, json: string, seq: number | undefined): Frame {
  const small = json.length * 3 <= PUSH_BYTES_MAX || Buffer.byteLength(json) <= PUSH_BYTES_MAX;
  if (seq === undefined || small) return frameOf('message:new', json);
  return frameOf('conversation:tip', JSON.stringify({ conversationId, maxSeq: seq }));
}

export const storedFrame = (message: StoredMessage): Frame =>
  messageFrame(message.conversation, encodeMessage(message), message.seq);

/** A `chatroom:event` without its room. */
export type RoomEvent = Pick<ChatroomEvent, 'kind' | 'by' | 'users'> & Record<string, unknown>;

export const eventJson = ({ conversationId }: ConversationRef, event: RoomEvent): string =>
  JSON.stringify({ chatroomId: conversationId.slice('chatroom:'.length), ...event });

export const eventFrame = (conversation: ConversationRef, event: RoomEvent): Frame =>
  frameOf('chatroom:event', eventJson(conversation, event));

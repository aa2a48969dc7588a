import { randomUUID } from 'node:crypto';
import { directConversationId } from '../../src/kernel/contracts/conversation';
import type { SendAck, SendCommand, SentMessage } from '../../src/kernel/contracts/message';

/** A text to a user, under an idempotency key of its own unless one is given. */
export const aText = (userId: string, text: string, more: Partial<SendCommand> = {}): SendCommand => ({
  to: { kind: 'user', id: userId },
  clientMessageId: randomUUID(),
  type: 'text',
  body: { text },
  ...more,
});

/** The message that a socket's acknowledgement tells of: its sender knows the rest. */
export const whole = ({ body, ext }: SendCommand, ack: SendAck): SentMessage => ({
  ...ack,
  body,
  ...(ext !== undefined && { ext }),
});

/** The conversation of two users, as every observer names it. */
export const between = directConversationId;

/** 1, 2 … max. */
export const upTo = (max: number): number[] => Array.from({ length: max }, (_, index) => index + 1);

/** The texts of messages, in their order. */
export const textsOf = (messages: readonly { body: unknown }[]): string[] =>
  messages.map(({ body }) => String((body as { text?: unknown }).text));

import type { SendAck, SentMessage } from '../../kernel/contracts/message';
import { JsonText } from '../../kernel/json-text';
import { encodeAck, presentMessage, type SayableMessage } from '../conversations';

/** What became of a send, before a door says it. */
export interface Sent {
  readonly message: SayableMessage;
  /** It had been stored before. */
  readonly duplicate: boolean;
  /** Online-only messages: whether anybody was there to hear it. */
  readonly online?: boolean;
}

/** As REST says it: the whole message. */
export const answerOf = ({ message, duplicate, online }: Sent): SentMessage => ({
  ...presentMessage(message),
  ...(duplicate && { duplicate }),
  ...(online !== undefined && { online }),
});

/** As a socket says it, which need not hear its own words again. */
export const ackOf = ({ message, duplicate, online }: Sent): JsonText<SendAck> =>
  new JsonText(encodeAck(message, duplicate, online));

import type { LastMessage } from '../../kernel/contracts/conversation';
import { membersOf } from '../../kernel/json-text';
import { presentMessage, type StoredMessage } from '../conversations';

/** Text of a last message, in bytes of UTF-8. */
const TEXT_BYTES_MAX = 1024;

/**
 * Lists show a line of what was said, so that a hundred of them make one page: no thumbnail and the beginning of a long
 * text. Here alone a body is written anew, of the texts of its values.
 */
export function lastMessageOf(message: StoredMessage): LastMessage {
  const body = shortened(message.body);
  if (body === undefined) return presentMessage(message);
  return { ...presentMessage({ ...message, body, text: undefined }), truncated: true };
}

/** Undefined where it is short already. */
function shortened(text: string): string | undefined {
  if (text.length <= TEXT_BYTES_MAX / 3 && !MAY_NAME_THUMBNAIL.test(text)) return undefined;
  const members = membersOf(text) ?? [];
  let shorter = false;
  const kept = members.flatMap(([name, valueText]) => {
    const cut = name === 'text' && valueText.startsWith('"') ? beginningOf(JSON.parse(valueText) as string) : undefined;
    shorter ||= name === 'thumbnail' || cut !== undefined;
    return name === 'thumbnail'
      ? []
      : [`${JSON.stringify(name)}:${cut === undefined ? valueText : JSON.stringify(cut)}`];
  });
  return shorter ? `{${kept.join(',')}}` : undefined;
}

/** Names may be written with escapes. */
const MAY_NAME_THUMBNAIL = /thumbnail|\\u/;

/** As many whole characters as go into the bytes; undefined where all of them do. */
function beginningOf(text: string): string | undefined {
  const bytes = Buffer.from(text);
  if (bytes.length <= TEXT_BYTES_MAX) return undefined;
  let end = TEXT_BYTES_MAX;
  while ((bytes[end] & 0b1100_0000) === 0b1000_0000) end--;
  return bytes.toString('utf8', 0, end);
}

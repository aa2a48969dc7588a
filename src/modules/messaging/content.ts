import { Injectable } from '@nestjs/common';
import type { AppRef, TenantCaller } from '../../kernel/caller';
import { NOTICE_TYPE, type SendCommand, SERVER_TYPES } from '../../kernel/contracts/message';
import { AppError, invalid } from '../../kernel/errors/app-error';
import type { JsonText } from '../../kernel/json-text';
import { Settings } from '../../platform/config/settings';

/** A send command as a door read it: body and ext are the very texts that arrived. */
export type ReadCommand = SendCommand & { readonly body: JsonText; readonly ext?: JsonText };

/** Who sends, as far as it matters for what may be said. */
type ContentSender = Pick<TenantCaller, 'kind'> & { readonly app: Pick<AppRef, 'textBytes'> };

/** The JSON texts of a message's free parts: what is stored and sent on. */
export interface Content {
  body: string;
  ext: string | null;
  counts: boolean;
}

/** Judges what a message carries, once a door has refused hostile JSON. Types it does not know pass: newer clients know more (T18). */
@Injectable()
export class MessageContent {
  constructor(private readonly settings: Settings) {}

  /** @throws AppError BLANK_MESSAGE, TOO_LARGE or INVALID_REQUEST, naming the field. Nothing was stored. */
  check({ type, body, ext }: ReadCommand, by: ContentSender): Content {
    const { textBytes, extBytes, thumbnailBytes, frameBytes } = this.settings.limits;
    if (SERVER_TYPES.has(type)) throw invalid('type', `The server alone says ${type}.`);
    if (type === NOTICE_TYPE && by.kind === 'user') throw invalid('type', 'Notices are sent by the app’s server.');
    if (type === 'text') {
      const text = textOf(body.value);
      if (isBlank(text)) throw new AppError('BLANK_MESSAGE', { field: 'body.text' });
      assertSize(text, Math.min(textBytes, by.app.textBytes ?? textBytes), 'body.text');
    }
    const thumbnail = (body.value as { thumbnail?: unknown } | null)?.thumbnail;
    if (typeof thumbnail === 'string') assertSize(thumbnail, thumbnailBytes, 'body.thumbnail');
    assertSize(body.text, frameBytes, 'body');
    const extText = extOf({ ext });
    if (extText !== null) assertSize(extText, extBytes, 'ext');
    return { body: body.text, ext: extText, counts: type !== 'command' };
  }
}

/** Null where there is none. */
export const extOf = ({ ext }: Pick<ReadCommand, 'ext'>): string | null =>
  ext && ext.value !== null ? ext.text : null;

function textOf(body: unknown): string {
  const text = (body as { text?: unknown } | null)?.text;
  if (typeof text !== 'string') throw invalid('body.text', 'A text message has the body { "text": "…" }.');
  return text;
}

/** Spaces of every script, and characters that show nothing. */
const isBlank = (text: string): boolean => !/[^\s\u200B-\u200F\u2060\uFEFF]/.test(text);

function assertSize(text: string, maxBytes: number, field: string): void {
  // Every UTF-16 unit takes at least one byte, and at most three: most texts are judged without encoding them.
  if (text.length * 3 <= maxBytes) return;
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw new AppError('TOO_LARGE', { field, details: { bytes, maxBytes } });
}

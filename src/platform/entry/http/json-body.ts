import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError, invalid } from '../../../kernel/errors/app-error';
import { assertPlainJson } from '../plain-json';
import type { HttpRequest } from './exchange';

const BARE_TYPE_LENGTH = 'application/json'.length;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/gi;
const UTF8 = /^utf-?8$/i;
/** U+FEFF in UTF-8, with which some tools begin a text. RFC 8259 lets a reader skip it, and so we do. */
const MARK_BYTES = 3;
const isMarked = (bytes: Buffer): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** Where a body keeps the text that it was read from. A WeakMap made collecting garbage a fifth of a request. */
const SOURCE = Symbol('source');
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const sourceOf = (body: unknown): string | undefined =>
  isObject(body) ? (body as { [SOURCE]?: string })[SOURCE] : undefined;

/** A body as it arrived. Nothing of it is looked at before somebody has paid for that: reading JSON is what a flood costs most by. */
class UnreadBody {
  constructor(readonly bytes: Buffer) {}
}

/** How large the body is that came with a request and was not read yet. */
export const unreadBytes = ({ body }: HttpRequest): number => (body instanceof UnreadBody ? body.bytes.length : 0);

/** Bodies of calls: JSON in UTF-8, or none at all; read when the caller is known (`readBody`). */
export function takeJsonBodies(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  // Many clients name a content type with every call, whether it carries anything or not.
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    if (headers['content-type'] !== undefined && announcesNoBody(headers)) delete headers['content-type'];
    done();
  });
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (_request, bytes, done) =>
    done(null, new UnreadBody(bytes)),
  );
}

/**
 * Reads the body that came with a request, and refuses it before anything of ours walks it by recursion: checks,
 * fingerprints, whatever is stored as JSON.
 *
 * @throws AppError UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST; TOO_LARGE (field `body`) beyond `bytesMax`
 */
export function readBody(request: HttpRequest, bytesMax = Infinity): void {
  const { body, headers } = request;
  if (!(body instanceof UnreadBody)) return;
  const { length } = body.bytes;
  if (length > bytesMax)
    throw new AppError('TOO_LARGE', { field: 'body', details: { bytes: length, maxBytes: bytesMax } });
  request.body = parseJson(body.bytes, headers);
  assertPlainJson(request.body, 'body', sourceOf(request.body));
}

const announcesNoBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';

/**
 * @returns the value that the bytes write; undefined for none
 * @throws AppError UNSUPPORTED_MEDIA_TYPE for what is compressed or in a charset that is not UTF-8, INVALID_REQUEST (field `body`) for what is not JSON in UTF-8
 */
export function parseJson(bytes: Buffer, headers: IncomingHttpHeaders): unknown {
  if (bytes.length === 0) return undefined;
  const { 'content-type': contentType = '', 'content-encoding': encoding = 'identity' } = headers;
  if (encoding.toLowerCase() !== 'identity') {
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', {
      field: 'content-encoding',
      message: 'Send the body as it is, not compressed.',
    });
  }
  if (contentType.length > BARE_TYPE_LENGTH) assertUtf8Charset(contentType);
  // Decoding would put U+FFFD in the place of every byte that is wrong, and nobody would get back what was sent.
  if (!isUtf8(bytes)) throw invalid('body', 'The body is not valid UTF-8.');
  try {
    const text = bytes.toString('utf8', isMarked(bytes) ? MARK_BYTES : 0);
    const value = JSON.parse(text) as unknown;
    // Not enumerable: checks and copies of the body do not see it.
    if (isObject(value)) Object.defineProperty(value, SOURCE, { value: text });
    return value;
  } catch (cause) {
    throw new AppError('INVALID_REQUEST', { field: 'body', message: 'The body is not valid JSON.' }, { cause });
  }
}

function assertUtf8Charset(contentType: string): void {
  for (const [, charset] of contentType.matchAll(CHARSET)) {
    if (UTF8.test(charset)) continue;
    const message = 'Send the body in UTF-8, and say charset=utf-8 or no charset.';
    throw new AppError('UNSUPPORTED_MEDIA_TYPE', { field: 'content-type', message });
  }
}

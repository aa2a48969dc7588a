import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError, invalid } from '../../../kernel/errors/app-error';

const BARE_TYPE_LENGTH = 'application/json'.length;
const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/gi;
const UTF8 = /^utf-?8$/i;
/** U+FEFF in UTF-8, with which some tools begin a text. RFC 8259 lets a reader skip it, and so we do. */
const MARK_BYTES = 3;
const isMarked = (bytes: Buffer): boolean => bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** The texts that bodies were read from, for as long as the bodies live. */
const sources = new WeakMap<object, string>();
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

export const sourceOf = (body: unknown): string | undefined => (isObject(body) ? sources.get(body) : undefined);

/** Bodies of calls: JSON in UTF-8, or none at all. */
export function readJsonBodies(fastify: FastifyInstance): void {
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  // Many clients name a content type with every call, whether it carries anything or not.
  fastify.addHook('onRequest', ({ raw: { headers } }, _reply, done) => {
    if (headers['content-type'] !== undefined && announcesNoBody(headers)) delete headers['content-type'];
    done();
  });
  fastify.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      done(null, parseJson(bytes, request.headers['content-type']));
    } catch (error) {
      done(error as Error);
    }
  });
}

const announcesNoBody = (headers: IncomingHttpHeaders): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0';

/**
 * @returns the value that the bytes write; undefined for none
 * @throws AppError UNSUPPORTED_MEDIA_TYPE for a charset that is not UTF-8, INVALID_REQUEST (field `body`) for what is not JSON in UTF-8
 */
export function parseJson(bytes: Buffer, contentType = ''): unknown {
  if (bytes.length === 0) return undefined;
  if (contentType.length > BARE_TYPE_LENGTH) assertUtf8Charset(contentType);
  // Decoding would put U+FFFD in the place of every byte that is wrong, and nobody would get back what was sent.
  if (!isUtf8(bytes)) throw invalid('body', 'The body is not valid UTF-8.');
  try {
    const text = bytes.toString('utf8', isMarked(bytes) ? MARK_BYTES : 0);
    const value = JSON.parse(text) as unknown;
    if (isObject(value)) sources.set(value, text);
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

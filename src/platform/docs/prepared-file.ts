import { createHash } from 'node:crypto';
import type { HttpReply, HttpRequest } from '../entry/http/exchange';

const TAG_LENGTH = 22;

/** What every caller gets alike: its bytes are made once and shared by all answers, however many wait to be read. */
export class PreparedFile {
  private readonly tag: string;

  constructor(
    private readonly bytes: Buffer,
    private readonly type: string,
  ) {
    this.tag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, TAG_LENGTH)}"`;
  }

  static json(value: unknown): PreparedFile {
    return new PreparedFile(Buffer.from(JSON.stringify(value)), 'application/json; charset=utf-8');
  }

  /** The bytes, or 304 to whoever has them already. */
  readonly send = (request: HttpRequest, reply: HttpReply): HttpReply => {
    void reply.header('etag', this.tag).header('cache-control', 'no-cache');
    if (isKnown(request.headers['if-none-match'], this.tag)) return reply.status(304).send();
    return reply.type(this.type).send(this.bytes);
  };

  /** The same bytes under another name and type. */
  as(type: string): PreparedFile {
    return new PreparedFile(this.bytes, type);
  }
}

/** A proxy that compresses an answer makes its tag a weak one. */
const isKnown = (known: string | undefined, tag: string): boolean =>
  known?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag) === true;

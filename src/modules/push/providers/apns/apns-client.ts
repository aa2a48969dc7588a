import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import { retryAfterMs } from '../../../../platform/outbound/retry-after';
import type { ApnsReply } from './apns-answers';
import type { ApnsNotification } from './apns-notification';
import { ApnsToken, type ApnsSigningKey } from './apns-token';

const { NGHTTP2_CANCEL } = constants;
/** A connection has a thousand million requests in it: some days of a busy app. */
const NO_MORE_STREAMS = 'ERR_HTTP2_OUT_OF_STREAMS';
const PONG_MS = 5000;
/** A connection over which nothing is sent is looked after this often: what lies between may have forgotten it. */
const HEARTBEAT_MS = 60_000;
/** Beyond the time limit of a request. */
const GRACE_MS = 1000;
/** For thousands of requests at once, most of which wait until Apple takes more; Node's own limit is 10. */
const SESSION_MB_MAX = 64;
/** A refusal is some dozens. */
const REFUSAL_CHARACTERS_MAX = 10_000;

export interface ApnsClientOptions {
  /** By token or by certificate. */
  credential: { token: ApnsSigningKey } | { cert: string; key: string };
  /** Apple's own, or whoever stands in for it. */
  url: URL;
  ca?: string[];
  timeoutMs: number;
}

/**
 * One connection to Apple for all requests of one credential (docs/adr/0018), opened when it is needed. One that is going away
 * brings the answers that are under way, and the next request opens another. Whether and when a request is repeated is
 * decided above, with the task's own record.
 */
export class ApnsClient {
  private session: ClientHttp2Session | undefined;
  private readonly token: ApnsToken | undefined;
  private readonly suspected = new WeakSet<ClientHttp2Session>();
  private readonly heartbeat = setInterval(() => this.suspect(), HEARTBEAT_MS).unref();
  private closed = false;

  /** @throws Error when the credential is of no use */
  constructor(private readonly options: ApnsClientOptions) {
    const { credential } = options;
    if ('token' in credential) this.token = new ApnsToken(credential.token);
  }

  async send({ headers, body }: ApnsNotification, token: string): Promise<ApnsReply> {
    if (this.closed) return { errorCode: 'CLOSED' };
    const authorization = this.token?.authorization;
    const session = this.connection();
    const stream = session.request({
      ':method': 'POST',
      ':path': `/3/device/${encodeURIComponent(token)}`,
      ...(authorization !== undefined && { authorization }),
      ...headers,
    });
    const reply = await answerOf(stream, body, this.options.timeoutMs);
    if (reply.errorCode === 'TIMEOUT') this.suspect();
    if (reply.errorCode === NO_MORE_STREAMS) session.close();
    if (reply.reason === 'ExpiredProviderToken' && authorization !== undefined) this.token?.expired(authorization);
    return reply;
  }

  /** Resolves when what is under way has been answered, or will not be. */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.heartbeat);
    const { session } = this;
    if (!session || session.destroyed) return;
    const timer = setTimeout(() => session.destroy(), this.options.timeoutMs + GRACE_MS);
    await new Promise<void>((resolve) => {
      session.once('close', resolve);
      session.close();
    });
    clearTimeout(timer);
  }

  private connection(): ClientHttp2Session {
    if (this.session && !this.session.closed && !this.session.destroyed) return this.session;
    const { credential, url, ca } = this.options;
    const session = connect(url, {
      ...('cert' in credential && credential),
      ...(ca && { ca }),
      settings: { enablePush: false },
      maxSessionMemory: SESSION_MB_MAX,
    });
    // It is over then, and every request under way is told why.
    session.on('error', () => undefined);
    this.session = session;
    return session;
  }

  /** Unless the other side answers a ping, the connection died in silence, and is left. */
  private suspect(): void {
    const { session } = this;
    if (!session || session.destroyed || this.suspected.has(session)) return;
    this.suspected.add(session);
    const timer = setTimeout(() => session.destroy(), PONG_MS).unref();
    session.ping((error) => {
      clearTimeout(timer);
      this.suspected.delete(session);
      if (error) session.destroy();
    });
  }
}

/** Comes when the stream ends, whichever way it does, or when time is over. */
function answerOf(stream: ClientHttp2Stream, body: string, timeoutMs: number): Promise<ApnsReply> {
  return new Promise((resolve) => {
    const reply: ApnsReply = {};
    let said = '';
    const timer = setTimeout(() => {
      // One that waits for a connection ends only with that.
      resolve({ errorCode: 'TIMEOUT' });
      stream.close(NGHTTP2_CANCEL);
    }, timeoutMs);
    stream.setEncoding('utf8');
    stream.on('response', (headers) => {
      reply.status = headers[':status'];
      reply.apnsId = headers['apns-id']?.toString();
      reply.retryAfterMs = retryAfterMs(headers['retry-after']);
    });
    stream.on('data', (text: string) => {
      if (said.length < REFUSAL_CHARACTERS_MAX) said += text;
    });
    stream.on('error', (error: Wrapped) => (reply.errorCode ??= codeOf(error)));
    stream.on('close', () => {
      clearTimeout(timer);
      resolve(said === '' ? reply : { ...refusalOf(said), ...reply });
    });
    stream.end(body);
  });
}

/** Apple's word for a refusal, where it is one. */
function refusalOf(said: string): Pick<ApnsReply, 'reason' | 'timestamp'> {
  try {
    const { reason, timestamp } = JSON.parse(said) as { reason?: unknown; timestamp?: unknown };
    return {
      ...(typeof reason === 'string' && { reason }),
      ...(timestamp !== undefined && { timestamp: Number(timestamp) }),
    };
  } catch {
    // A machine between Apple and here may answer in HTML: the status says enough.
    return {};
  }
}

/** Errors as Node wraps them. */
interface Wrapped {
  code?: string;
  cause?: unknown;
}

/** The network's own word for what went wrong: that of the innermost error that has one. */
function codeOf(outer: Wrapped): string {
  let code = 'NO_ANSWER';
  for (let error: Wrapped | undefined = outer; error;) {
    code = error.code ?? code;
    error = typeof error.cause === 'object' && error.cause !== null ? error.cause : undefined;
  }
  return code;
}

import { Provider, type Notification, type ProviderOptions, type ResponseFailure } from '@parse/node-apn';
import { constants, type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2';
import { retryAfterMs } from '../../../../platform/outbound/retry-after';
import type { ApnsReply } from './apns-answers';

const { HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS, HTTP2_HEADER_RETRY_AFTER } = constants;
const PONG_MS = 5000;
/** Beyond node-apn's own time limit, which ends with the stream. */
const GRACE_MS = 1000;

export interface ApnsClientOptions {
  /** By token or by certificate. */
  credential: Pick<ProviderOptions, 'token' | 'cert' | 'key'>;
  /** Apple's own host; decides which environment a certificate must be for. */
  host: string;
  /** Where to connect instead. */
  standIn?: URL;
  ca?: string[];
  timeoutMs: number;
}

/** The parts of node-apn's client that its types leave out. */
interface InnerClient {
  config: { address: string; port: number };
  session?: ClientHttp2Session;
  connect(): Promise<void>;
}

type Failure = ResponseFailure & { code?: string; 'apns-id'?: string };
type Sent = { 'apns-id'?: string };

/**
 * node-apn, watched: it neither hands on `Retry-After` and the status of an empty answer, nor notices a connection that
 * died in silence, over which every request would then time out for a quarter of an hour.
 */
export class ApnsClient {
  private readonly provider: Provider;
  private readonly client: InnerClient;
  /** Refusals as they came, by path and apns-id, until their request is answered. */
  private readonly refusals = new Map<string, IncomingHttpHeaders>();
  private readonly suspected = new WeakSet<ClientHttp2Session>();

  constructor(private readonly options: ApnsClientOptions) {
    const { credential, host, standIn, ca, timeoutMs } = options;
    this.provider = new Provider({
      ...credential,
      ...(ca && { ca }),
      address: host,
      // Whether and when to try again is decided above, with the task's own record.
      connectionRetryLimit: 0,
      requestTimeout: timeoutMs,
    });
    this.client = (this.provider as unknown as { client: InnerClient }).client;
    if (standIn) {
      this.client.config.address = standIn.hostname;
      this.client.config.port = Number(standIn.port || 443);
    }
    this.watchConnections();
  }

  async send(notification: Notification, token: string): Promise<ApnsReply> {
    const device = encodeURIComponent(token);
    const key = `/3/device/${device} ${notification.id}`;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<ApnsReply>((resolve) => {
      timer = setTimeout(() => resolve({ errorCode: 'TIMEOUT' }), this.options.timeoutMs + GRACE_MS);
    });
    try {
      const reply = await Promise.race([this.ask(notification, device, key), late]);
      if (reply.errorCode === 'TIMEOUT') this.suspect();
      return reply;
    } finally {
      clearTimeout(timer);
      this.refusals.delete(key);
    }
  }

  /** Resolves when what is under way has been answered, or will not be. */
  async close(): Promise<void> {
    const { session } = this.client;
    const down = new Promise<void>((resolve) => void this.provider.shutdown(() => resolve()));
    // node-apn waits for ever where the connection broke before.
    if (!session || session.destroyed) return;
    const timer = setTimeout(() => session.destroy(), this.options.timeoutMs + GRACE_MS);
    await Promise.race([down, new Promise((resolve) => session.once('close', resolve))]);
    clearTimeout(timer);
  }

  private async ask(notification: Notification, device: string, key: string): Promise<ApnsReply> {
    const { sent, failed } = await this.provider.send(notification, device);
    const [done] = sent as Sent[];
    if (done) return { status: 200, apnsId: done['apns-id'] ?? notification.id };
    const [failure] = failed as Failure[];
    return replyOf(failure, this.refusals.get(key));
  }

  /** Looks over node-apn's shoulder at each connection that it opens. */
  private watchConnections(): void {
    const { client } = this;
    const connect = client.connect.bind(client);
    const watched = new WeakSet<ClientHttp2Session>();
    client.connect = async () => {
      await connect();
      if (!client.session || watched.has(client.session)) return;
      watched.add(client.session);
      this.watch(client.session);
    };
  }

  private watch(session: ClientHttp2Session): void {
    const request = session.request.bind(session);
    session.request = (headers?: OutgoingHttpHeaders, options?) => {
      const stream = request(headers, options);
      const key = `${String(headers?.[HTTP2_HEADER_PATH])} ${String(headers?.['apns-id'])}`;
      stream.once('response', (answer) => {
        if (Number(answer[HTTP2_HEADER_STATUS]) !== 200) this.refusals.set(key, answer);
      });
      return stream;
    };
  }

  /** A request went unanswered: unless the other side answers a ping, the connection is dead and is left. */
  private suspect(): void {
    const { session } = this.client;
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

function replyOf(failure: Failure | undefined, refusal: IncomingHttpHeaders | undefined): ApnsReply {
  const status = Number(refusal?.[HTTP2_HEADER_STATUS] ?? failure?.status);
  if (!Number.isInteger(status)) return { errorCode: codeOf(failure) };
  const patience = retryAfterMs(refusal?.[HTTP2_HEADER_RETRY_AFTER]?.toString());
  // node-apn hands this one reason on as an error.
  const reason = failure?.response?.reason ?? (status === 403 ? failure?.error?.message : undefined);
  return {
    status,
    ...(reason !== undefined && { reason }),
    ...(failure?.response?.timestamp !== undefined && { timestamp: Number(failure.response.timestamp) }),
    ...(patience !== undefined && { retryAfterMs: patience }),
  };
}

/** Errors as node-apn (`jse_cause`) and Node (`cause`) wrap them. */
interface Wrapped {
  message?: string;
  code?: string;
  jse_cause?: Wrapped;
  cause?: unknown;
}

/** The network's own word for what went wrong: that of the innermost error that has one. */
function codeOf(failure: Failure | undefined): string {
  const outer: Wrapped = failure?.error ?? { code: failure?.code };
  if (outer.message?.includes('timeout')) return 'TIMEOUT';
  let code = 'NO_ANSWER';
  for (let error: Wrapped | undefined = outer; error;) {
    code = typeof error.code === 'string' ? error.code : code;
    error = error.jse_cause ?? (typeof error.cause === 'object' ? (error.cause as Wrapped) : undefined);
  }
  return code;
}

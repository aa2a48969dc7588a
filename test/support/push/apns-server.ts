import jwt from 'jsonwebtoken';
import forge from 'node-forge';
import { randomUUID } from 'node:crypto';
import {
  createSecureServer,
  constants,
  type Http2SecureServer,
  type Http2Session,
  type ServerHttp2Session,
} from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { APPLE, type TestAuthority } from './certificates';
import { Records, Script, type Scripted } from './script';

const TOKEN_AGE_MAX_S = 3600;
const PAYLOAD_BYTES_MAX = 4096;
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;
const PUSH_TYPES = ['alert', 'background', 'voip', 'location', 'complication', 'fileprovider', 'mdm', 'liveactivity'];

/** Who may send what: a team's key, for these topics. */
export interface AppleKey {
  keyId: string;
  teamId: string;
  publicKey: string;
  topics: string[];
}

type Refusal = [status: number, reason: string];
/** Who sends, or why not; `topics` undefined: those that the key's list says. */
type Proof = { by: string; topics: string[] } | { refusal: Refusal };

/** Apple's push service as a provider meets it: HTTP/2 over TLS, tokens or certificates, its reasons and its headers. */
export class ApnsServer {
  readonly script = new Script();
  readonly records = new Records('apns');
  private readonly keys = new Map<string, AppleKey>();
  private readonly sessions = new Map<Http2Session, number>();
  private server!: Http2SecureServer;
  private connections = 0;
  url!: string;

  constructor(private readonly authority: TestAuthority) {}

  async start(port = 0): Promise<this> {
    const { certificate, key } = this.authority.server();
    this.server = createSecureServer({
      cert: certificate,
      key,
      ca: this.authority.pem,
      requestCert: true,
      rejectUnauthorized: false,
      settings: { maxConcurrentStreams: 1000 },
    });
    this.server.on('session', (session: ServerHttp2Session) => {
      this.sessions.set(session, ++this.connections);
      session.on('close', () => this.sessions.delete(session));
      // A client that goes away in the middle is part of what is tested.
      session.on('error', () => this.sessions.delete(session));
    });
    this.server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => this.hear(stream, headers));
    await new Promise<void>((resolve) => this.server.listen(port, '127.0.0.1', resolve));
    this.url = `https://localhost:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  /** From now on this key may send. */
  trust(key: AppleKey): void {
    this.keys.set(key.keyId, key);
  }

  distrust(keyId: string): void {
    this.keys.delete(keyId);
  }

  /** How many connections were ever opened. */
  get opened(): number {
    return this.connections;
  }

  /** GOAWAY to everybody connected: as Apple does before a machine goes. */
  goAway(): void {
    for (const session of this.sessions.keys()) {
      // What was destroyed this moment is forgotten with the next.
      if (!session.destroyed) session.goaway(constants.NGHTTP2_NO_ERROR);
    }
  }

  /** Cuts every connection. */
  cut(): void {
    for (const session of this.sessions.keys()) session.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private hear(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const chunks: Buffer[] = [];
    stream.on('error', () => stream.close());
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => this.answer(stream, headers, Buffer.concat(chunks).toString()));
  }

  private answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, text: string): void {
    const { session } = stream;
    if (!session || stream.destroyed) return;
    const token = String(headers[':path']).replace(/^\/3\/device\//, '');
    const proof = this.prove(session.socket as TLSSocket, headers);
    const refusal = 'refusal' in proof ? proof.refusal : wrongWith(headers, text, proof.topics);
    const scripted: Scripted = refusal ? { status: refusal[0], reason: refusal[1] } : this.script.next(token);
    const { status = 200, reason, timestamp, drop, takes = false, delayMs = 0 } = scripted;
    const id = String(headers['apns-id'] ?? randomUUID());
    const taken = drop ? takes : status === 200;
    this.records.add({
      token,
      taken,
      status: drop ? 0 : status,
      ...(reason !== undefined && { reason }),
      id,
      ...(headers['apns-collapse-id'] !== undefined && { collapseId: String(headers['apns-collapse-id']) }),
      headers: Object.fromEntries(
        Object.entries(headers)
          .filter(([name]) => name.startsWith('apns-'))
          .map(([name, value]) => [name, String(value)]),
      ),
      body: parsed(text),
      by: 'by' in proof ? proof.by : '',
      connection: this.sessions.get(session) ?? 0,
    });
    // Not from within the stream's own event: Node then frees memory of the session that it still uses, and crashes.
    if (drop) return void setImmediate(() => this.drop(drop, stream, session));
    const reply = (): void => {
      if (stream.destroyed) return;
      stream.respond({
        ':status': status,
        'apns-id': id,
        ...(scripted.retryAfter !== undefined && { 'retry-after': scripted.retryAfter }),
      });
      if (status === 200 && scripted.body === undefined) stream.end();
      else stream.end(JSON.stringify(scripted.body ?? { reason, ...(timestamp !== undefined && { timestamp }) }));
    };
    if (delayMs > 0) setTimeout(reply, delayMs);
    else reply();
  }

  private drop(how: NonNullable<Scripted['drop']>, stream: ServerHttp2Stream, session: Http2Session): void {
    if (session.destroyed) return;
    if (how === 'cut') session.destroy();
    if (how === 'reset') stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    if (how === 'goaway') {
      session.goaway(constants.NGHTTP2_NO_ERROR, (stream.id ?? 1) - 2);
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    }
  }

  private prove(socket: TLSSocket, { authorization }: IncomingHttpHeaders): Proof {
    if (authorization === undefined) {
      const certificate = socket.getPeerCertificate();
      if (!certificate.raw) return { refusal: [403, 'MissingProviderToken'] };
      if (!socket.authorized) return { refusal: [403, 'BadCertificate'] };
      return { by: String(certificate.subject.CN), topics: topicsOf(certificate.raw) };
    }
    try {
      const token = authorization.replace(/^bearer /i, '');
      const key = this.keys.get(jwt.decode(token, { complete: true })?.header.kid ?? '');
      if (!key) return { refusal: [403, 'InvalidProviderToken'] };
      const claims = jwt.verify(token, key.publicKey, { algorithms: ['ES256'] }) as jwt.JwtPayload;
      if (claims.iss !== key.teamId || claims.iat === undefined) return { refusal: [403, 'InvalidProviderToken'] };
      const age = Math.floor(Date.now() / 1000) - claims.iat;
      if (age > TOKEN_AGE_MAX_S || age < -60) return { refusal: [403, 'ExpiredProviderToken'] };
      return { by: `${key.teamId}/${key.keyId}`, topics: key.topics };
    } catch {
      return { refusal: [403, 'InvalidProviderToken'] };
    }
  }
}

/** The first thing that Apple would not take, or undefined. */
function wrongWith(headers: IncomingHttpHeaders, text: string, topics: string[]): Refusal | undefined {
  const header = (name: string): string | undefined => headers[name]?.toString();
  const topic = header('apns-topic');
  const body = parsed(text) as { aps?: object } | undefined;
  const rules: [boolean, number, string][] = [
    [headers[':method'] !== 'POST', 405, 'MethodNotAllowed'],
    [!String(headers[':path']).startsWith('/3/device/'), 404, 'BadPath'],
    [topic === undefined, 400, 'MissingTopic'],
    [!topics.includes(topic ?? ''), 400, 'TopicDisallowed'],
    [!UUID.test(header('apns-id') ?? randomUUID()), 400, 'BadMessageId'],
    [Buffer.byteLength(header('apns-collapse-id') ?? '') > 64, 400, 'BadCollapseId'],
    [!/^\d+$/.test(header('apns-expiration') ?? '0'), 400, 'BadExpirationDate'],
    [!['1', '5', '10'].includes(header('apns-priority') ?? '10'), 400, 'BadPriority'],
    [!PUSH_TYPES.includes(header('apns-push-type') ?? ''), 400, 'InvalidPushType'],
    [text === '' || body?.aps === undefined, 400, 'PayloadEmpty'],
    [Buffer.byteLength(text) > PAYLOAD_BYTES_MAX, 413, 'PayloadTooLarge'],
  ];
  const broken = rules.find(([wrong]) => wrong);
  return broken && [broken[1], broken[2]];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What this certificate may send to: its UID and the topics that it lists. */
function topicsOf(der: Buffer): string[] {
  const certificate = forge.pki.certificateFromAsn1(forge.asn1.fromDer(der.toString('binary')));
  const uid = certificate.subject.attributes.find(({ type }) => type === APPLE.uid)?.value;
  const listed = certificate.getExtension({ id: APPLE.topics } as never) as { value: string } | undefined;
  const texts = listed ? (forge.asn1.fromDer(listed.value).value as forge.asn1.Asn1[]) : [];
  return [uid, ...texts.map(({ value }) => value)].filter((name): name is string => typeof name === 'string');
}

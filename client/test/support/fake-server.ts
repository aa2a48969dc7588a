import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import type { ClientEvents, SendCommand, SentMessage, WireConversation, WireMessage } from '../../src/catalogue';
import type { ParleyErrorCode } from '../../src/errors';

interface Refusal {
  code: ParleyErrorCode;
  retryAfterMs?: number;
}

type Handlers = {
  [E in keyof ClientEvents]?: (userId: string, data: ClientEvents[E]['data']) => ClientEvents[E]['reply'];
};

/** A server that speaks contract.md and nothing more, in memory, with faults to order. */
export class FakeServer {
  /** What `message:new` does with a message for a socket; answers false to lose it. */
  live: (message: WireMessage) => boolean = () => true;
  /** Called before an event is handled: a refusal, `lost` (nothing happens) or `mute` (done, but no reply). */
  fault: (event: string) => Refusal | 'lost' | 'mute' | undefined = () => undefined;
  /** Refuses handshakes while set. */
  handshake?: Refusal;
  storeEpoch = 'epoch-1';
  readonly logs = new Map<string, WireMessage[]>();
  readonly reads = new Map<string, number>();
  readonly calls: { event: string; userId: string; data: unknown }[] = [];
  logins = 0;
  handshakes = 0;
  endpoints: string[] = [];
  frameBytes?: number;
  private readonly http: HttpServer = createServer((request, response) => void this.rest(request, response));
  private io?: Server;

  get url(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.http.listen(port, '127.0.0.1', resolve));
    this.io = new Server(this.http, { serveClient: false });
    this.io.use((socket, next) => {
      this.handshakes += 1;
      const token = (socket.handshake.auth as { token?: string }).token ?? '';
      const refusal = this.handshake ?? (userOf(token) ? undefined : { code: 'UNAUTHENTICATED' as const });
      next(refusal && Object.assign(new Error(refusal.code), { data: wire(refusal) }));
    });
    this.io.on('connection', (socket) => this.connected(socket));
    return this;
  }

  async close(): Promise<void> {
    await this.io?.close();
    this.http.closeAllConnections();
  }

  sockets(userId: string): Socket[] {
    return [...(this.io?.sockets.sockets.values() ?? [])].filter((socket) => socketUser(socket) === userId);
  }

  tell(userId: string, event: string, data: unknown): void {
    for (const socket of this.sockets(userId)) socket.emit(event, data);
  }

  /** What another device or the app server sends. */
  say(from: string, to: string, text: string): WireMessage {
    const clientMessageId = `from-elsewhere-${Math.random().toString(36).slice(2, 12)}`;
    return this.append(from, { to: { kind: 'user', id: to }, clientMessageId, type: 'text', body: { text } });
  }

  log(conversationId: string): WireMessage[] {
    return this.logs.get(conversationId) ?? [];
  }

  private connected(socket: Socket): void {
    const userId = socketUser(socket);
    socket.onAny((name: string, data: unknown, reply?: (ack: unknown) => void) => {
      const event = name as keyof ClientEvents;
      this.calls.push({ event, userId, data });
      const fault = this.fault(event);
      if (fault === 'lost') return;
      if (typeof fault === 'object') return reply?.({ ok: false, error: wire(fault) });
      const answer = this.handlers[event]?.(`${userId}\n${socket.id}`, data as never) ?? {};
      if (fault !== 'mute') reply?.({ ok: true, data: answer });
    });
  }

  private readonly handlers: Handlers = {
    'message:send': (who, command) => {
      const [userId = '', socketId] = who.split('\n');
      const { body: _, ext: __, ...ack } = this.append(userId, command, socketId);
      return ack;
    },
    'conversation:pull': (_who, { conversationId, after = 0, limit = 20 }) => ({
      items: this.log(conversationId).slice(after).slice(0, limit),
    }),
    'conversation:read': (who, { conversationId, seq }) => {
      const key = `${who.split('\n')[0]} ${conversationId}`;
      const readSeq = Math.max(seq, this.reads.get(key) ?? 0);
      this.reads.set(key, readSeq);
      return { readSeq, unread: this.log(conversationId).length - readSeq };
    },
    sync: (who, { conversations, storeEpoch }) => {
      const held = new Map(conversations);
      const another = storeEpoch !== undefined && storeEpoch !== this.storeEpoch;
      const lines = this.lines(who.split('\n')[0] ?? '');
      const behind = lines.filter(({ conversationId, maxSeq }) => maxSeq > (held.get(conversationId) ?? 0));
      return {
        ...(another && { reset: 'snapshot' as const }),
        userSeq: 0,
        storeEpoch: this.storeEpoch,
        userEvents: [],
        conversations: another ? lines : behind,
      };
    },
    'sync:heads': (who) => ({
      userSeq: 0,
      storeEpoch: this.storeEpoch,
      conversations: this.lines(who.split('\n')[0] ?? '').map(({ conversationId, maxSeq }) => [conversationId, maxSeq]),
    }),
    'session:renew': () => ({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() }),
  };

  private lines(userId: string): WireConversation[] {
    const mine = [...this.logs].filter(([conversationId]) => conversationId.split(':').includes(userId));
    return mine.map(([conversationId, log]) => ({
      conversationId,
      maxSeq: log.length,
      minSeq: 1,
      readSeq: 0,
      unread: log.length,
      muted: false,
      pinned: false,
    }));
  }

  private append(from: string, command: SendCommand, exceptSocketId?: string): SentMessage {
    const conversationId = `user:${[from, command.to.id].sort().join(':')}`;
    const log = this.log(conversationId);
    this.logs.set(conversationId, log);
    const known = log.find((row) => row.from === from && row.clientMessageId === command.clientMessageId);
    if (known) return { ...known, duplicate: true };
    const seq = log.length + 1;
    const sentAt = new Date().toISOString();
    const message: WireMessage = {
      id: `${conversationId}/${seq}`,
      conversationId,
      seq,
      from,
      ...command,
      sentAt,
      revision: 0,
    };
    log.push(message);
    for (const socket of [...this.sockets(from), ...this.sockets(command.to.id)]) {
      if (socket.id !== exceptSocketId && this.live(message)) socket.emit('message:new', message);
    }
    return message;
  }

  private async rest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    if (url.pathname.startsWith('/socket.io')) return;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, string>;
    const [status, answer] = this.route(`${request.method} ${url.pathname}`, body, url, request.headers.authorization);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }

  private route(call: string, body: Record<string, string>, url: URL, authorization = ''): [number, object] {
    const userId = userOf(authorization.replace('Bearer ', ''));
    if (call === 'POST /v1/sessions') return this.login(body);
    if (!userId) return [401, { error: wire({ code: 'UNAUTHENTICATED' }) }];
    if (call === 'POST /v1/sessions/current/renew') return [201, this.session(userId)];
    if (call === 'DELETE /v1/sessions/current') return [200, {}];
    if (call === 'GET /v1/conversations') return [200, { items: this.lines(userId) }];
    const conversationId = /^GET \/v1\/conversations\/([^/]+)\/messages$/.exec(call)?.[1];
    if (!conversationId) return [404, { error: wire({ code: 'ROUTE_NOT_FOUND' }) }];
    const before = Number(url.searchParams.get('before') ?? Infinity);
    const older = this.log(decodeURIComponent(conversationId)).filter(({ seq = 0 }) => seq < before);
    return [200, { items: older.reverse().slice(0, Number(url.searchParams.get('limit') ?? 20)) }];
  }

  private login({ appToken, userId, account, password }: Record<string, string>): [number, object] {
    const who = userId ?? account ?? '';
    const right = appToken === 'app-token' || password === 'right-password';
    if (!right) return [401, { error: wire({ code: 'BAD_CREDENTIALS' }) }];
    return [201, this.session(who)];
  }

  private session(userId: string): object {
    this.logins += 1;
    const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
    return {
      token: tokenOf(userId, this.logins),
      expiresAt,
      userId,
      sessionId: 's',
      endpoints: this.endpoints,
      frameBytes: this.frameBytes,
    };
  }
}

export const tokenOf = (userId: string, serial = 0): string => `token-of ${userId} ${serial}`;
const userOf = (token: string): string => /^token-of (\S+)/.exec(token)?.[1] ?? '';
const socketUser = (socket: Socket): string => userOf((socket.handshake.auth as { token?: string }).token ?? '');
const wire = (refusal: Refusal) => ({ message: `refused: ${refusal.code}`, traceId: 'trace', ...refusal });

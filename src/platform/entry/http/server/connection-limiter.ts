import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AppError, invalid } from '../../../../kernel/errors/app-error';
import type { HttpSettings } from '../../../config/settings';
import { clientAddress } from '../../../realtime/client-address';
import { EarlyAnswers } from './early-answers';
import { countEnded } from './ended-connections';
import { type RequestOrigin, OpenConnection } from './open-connection';
import { answerAsPlain } from './plain-upgrades';
import { countPieces } from './small-pieces';
import { Tally } from './tally';
import { UnreadAnswers } from './unread-answers';

/** Requests that a connection may send ahead of their answers. Browsers and common clients send none ahead. */
const AHEAD_MAX = 16;
/** Connections and requests of all addresses together, as multiples of what one may have. */
const OF_ALL = 4;
/** Requests with one user's token that are worked on at once. */
const OF_TOKEN = 48;
const SWEEP_MS = 100;
const BUSY_MS = 1000;
const SOCKET_PATH = '/socket.io/';

type Listener = (...args: unknown[]) => void;

/**
 * Limits on HTTP connections, before Fastify and Socket.IO: how many there may be, how many requests of each may wait, and how
 * many bytes of answers may lie unread (docs/adr/0023). Going past them costs a client its connection and no more: what was
 * not answered it asks again.
 */
export class ConnectionLimiter {
  private readonly connections = new Map<Socket, OpenConnection>();
  /** Those that wait for an answer. */
  private readonly waiting = new Set<OpenConnection>();
  private readonly open = new Tally();
  private readonly underWay = new Tally();
  private readonly underWayOfToken = new Tally();
  private readonly early: EarlyAnswers;
  private readonly unread: UnreadAnswers;

  constructor(private readonly http: HttpSettings) {
    this.early = new EarlyAnswers(http);
    this.unread = new UnreadAnswers(http);
  }

  /** Called when all others listen to the server already: from here on they get only what passes. */
  guard(server: Server): void {
    server.prependListener('connection', (socket: Socket) => this.opened(socket));
    const pass = takeOver(server, 'request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (this.admits(request, response)) pass(request, response);
    });
    // An expectation that nobody knows may be ignored; Node's own refusal would be outside the error shape.
    server.on('checkExpectation', (request, response) => server.emit('request', request, response));
    const upgrade = takeOver(server, 'upgrade');
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      this.closed(socket);
      if (isForSockets(request)) upgrade(request, socket, head);
      else answerAsPlain(server, request, socket, head);
    });
    server.on('connect', (request: IncomingMessage, socket: Socket) => {
      this.early.refuseRaw(request, socket, new AppError('METHOD_NOT_ALLOWED'), { allow: 'GET, HEAD' });
    });
    const timer = setInterval(() => this.unread.sweep(this.waiting, performance.now()), SWEEP_MS).unref();
    server.once('close', () => clearInterval(timer));
  }

  private opened(socket: Socket): void {
    const { connectionsPerAddress, trustProxy } = this.http;
    const address = socket.remoteAddress ?? '';
    // Behind proxies one address is everybody's.
    const full = trustProxy === 0 && this.open.of(address) >= connectionsPerAddress;
    if (full || this.open.total >= connectionsPerAddress * OF_ALL) {
      countEnded('too-many');
      socket.destroy();
      return;
    }
    this.connections.set(socket, new OpenConnection(socket, address));
    this.open.add(address);
    socket.once('close', () => this.closed(socket));
  }

  /** The connection has ended, or speaks another protocol from now on. */
  private closed(socket: Socket): void {
    const connection = this.connections.get(socket);
    if (!connection) return;
    this.connections.delete(socket);
    this.open.take(connection.address);
    for (const response of connection.waiting.keys()) this.settle(connection, response);
  }

  private admits(request: IncomingMessage, response: ServerResponse): boolean {
    const connection = this.connections.get(request.socket);
    // What was parsed together with that for which the connection was ended is not looked at.
    if (!connection || request.socket.destroyed) return false;
    const ahead = connection.waiting.size;
    if (ahead >= AHEAD_MAX || (ahead > 0 && connection.unreadBytes > this.http.unreadBytes)) {
      countEnded('sent-ahead');
      connection.end();
      return false;
    }
    const origin = isCounted(request.url ?? '') ? this.originOf(request, connection) : undefined;
    const failure = this.refusalOf(request, origin);
    connection.waiting.set(response, origin);
    this.waiting.add(connection);
    if (origin) this.underWay.add(origin.address);
    if (origin?.bearer) this.underWayOfToken.add(origin.bearer);
    response.once('close', () => this.settle(connection, response));
    if (request.headers['transfer-encoding'] !== undefined) countPieces(request, () => connection.end());
    if (!failure) return true;
    this.early.refuse(request, response, failure);
    return false;
  }

  private settle(connection: OpenConnection, response: ServerResponse): void {
    const origin = connection.waiting.get(response);
    if (!connection.waiting.delete(response)) return;
    if (origin) this.underWay.take(origin.address);
    if (origin?.bearer) this.underWayOfToken.take(origin.bearer);
    if (connection.waiting.size === 0) this.waiting.delete(connection);
  }

  private originOf({ headers }: IncomingMessage, { address }: OpenConnection): RequestOrigin {
    const { authorization, 'x-forwarded-for': forwarded } = headers;
    const bearer = authorization !== undefined && /^bearer /i.test(authorization) ? authorization : undefined;
    return { address: clientAddress(forwarded, address, this.http.trustProxy), ...(bearer && { bearer }) };
  }

  private refusalOf(
    { httpVersion, headers }: IncomingMessage,
    origin: RequestOrigin | undefined,
  ): AppError | undefined {
    if (httpVersion === '1.1' && headers.host === undefined) return invalid('host', 'HTTP/1.1 needs a Host header.');
    if (!origin) return undefined;
    const { requestsPerAddress } = this.http;
    const busy =
      this.underWay.of(origin.address) >= requestsPerAddress ||
      this.underWay.total >= requestsPerAddress * OF_ALL ||
      (origin.bearer !== undefined && this.underWayOfToken.of(origin.bearer) >= OF_TOKEN);
    return busy ? new AppError('BUSY', { retryAfterMs: BUSY_MS }) : undefined;
  }
}

/** A poll waits for news, not for work; and health is asked for when there is too much of it. */
const isCounted = (url: string): boolean => !url.startsWith(SOCKET_PATH) && !url.startsWith('/health/');

const isForSockets = ({ headers, url }: IncomingMessage): boolean =>
  headers.upgrade?.toLowerCase() === 'websocket' && url?.startsWith(SOCKET_PATH) === true;

/** Takes an event's listeners from the server. @returns what calls them */
function takeOver(server: Server, event: string): Listener {
  const listeners = server.listeners(event) as Listener[];
  server.removeAllListeners(event);
  return (...args) => {
    for (const listener of listeners) listener.apply(server, args);
  };
}

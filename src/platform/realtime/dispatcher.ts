import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { IncomingHttpHeaders } from 'node:http';
import type { Server, Socket } from 'socket.io';
import { AppError, invalid } from '../../kernel/errors/app-error';
import type { ErrorCode } from '../../kernel/errors/catalogue';
import { randomId } from '../../kernel/ids';
import { textOf } from '../../kernel/json-text';
import { Settings } from '../config/settings';
import { CallDeadlines } from '../entry/call-deadlines';
import { paddingMs } from '../entry/refusal-timing';
import { toAppError } from '../entry/failures';
import { timesCounted, timesCountedText } from '../entry/budgets';
import { assertPlainJson } from '../entry/plain-json';
import { RateLimiter } from '../entry/rate-limiter';
import { Admission } from './admission';
import { Connections } from './connections';
import { type EventHandler, EventHandlers } from './event-handlers';
import { FRAME_OVERHEAD_BYTES, InboundFlows } from './inbound/inbound-flows';
import { Kicks } from './kicks';
import { count, counts } from './metrics';
import { Outbound } from './outbound';
import { decoderOf, engineOf } from './engine-socket';
import type { SocketConnection } from './socket-connection';
import { AckId, NotAPacket, Oversized, Unread } from './wire';

export interface RealtimeOptions {
  /** False only in test harnesses that hold some of the modules: else an event without a handler stops the start. */
  everyEvent: boolean;
}
export const REALTIME_OPTIONS = Symbol('RealtimeOptions');

/** Events of one socket worked on at once; a client that waits for answers never gets here. */
const UNANSWERED_MAX = 64;
/** Events with large answers that one connection has worked on at once. */
const LARGE_AT_ONCE = 2;
/** Refusals that say nothing of what the client sent. */
const OURS: ReadonlySet<ErrorCode> = new Set(['INTERNAL', 'RETRY', 'BUSY']);
const NOTHING = {};
/** Kept of a handshake once it is decided: its headers and token would stay in memory as long as the socket. */
const FORGOTTEN: { headers: IncomingHttpHeaders; auth: object; query: object } = { headers: {}, auth: {}, query: {} };

/**
 * One listener a socket for all client events: finds the handler, limits, checks the shape, calls, answers. Nothing here
 * depends on what an event means. Every answer is `{ok: true, data}` or `{ok: false, error}`; nothing a client sends and
 * nothing a handler throws harms another client or the process.
 */
@Injectable()
export class Dispatcher implements OnModuleInit {
  private readonly logger = new Logger(Dispatcher.name);
  private handlers = new Map<string, EventHandler>();
  /** Events of this node being worked on; a drain waits for them. */
  unanswered = 0;
  /** Absent in a worker. */
  server: Server | undefined;

  constructor(
    private readonly finder: EventHandlers,
    private readonly admission: Admission,
    private readonly connections: Connections,
    private readonly outbound: Outbound,
    private readonly kicks: Kicks,
    private readonly rates: RateLimiter,
    private readonly inboundFlows: InboundFlows,
    private readonly deadlines: CallDeadlines,
    private readonly settings: Settings,
    @Inject(REALTIME_OPTIONS) private readonly options: RealtimeOptions,
  ) {}

  onModuleInit(): void {
    this.handlers = this.finder.find(this.options.everyEvent);
    this.outbound.onDrained((connection) => this.nextLarge(connection as SocketConnection));
  }

  /** Takes over a Socket.IO server: who may connect, and all that its sockets say. */
  attach(server: Server): void {
    this.server = server;
    server.use(this.admission.middleware);
    // Two functions for all sockets: a closure a socket would be memory for every idle one.
    const receive = this.receive.bind(this);
    const leave = this.leave.bind(this);
    function goodbye(this: Socket, reason: string): void {
      leave(this, reason.endsWith('namespace disconnect'));
      // A connection without a session is nobody's: its client has said goodbye, and need not stay.
      if (reason === 'client namespace disconnect') engineOf(this).close();
    }
    server.on('connection', (socket: Socket) => {
      const connection = this.admission.settle(socket);
      connection.inbound = this.inboundFlows.admit(engineOf(socket), connection);
      engineOf(socket).request = null;
      Object.assign(socket.handshake, FORGOTTEN);
      decoderOf(socket).hand(socket, receive, this.settings.limits.frameBytes + FRAME_OVERHEAD_BYTES);
      socket.on('disconnect', goodbye);
      counts.connections++;
      this.connections.add(connection);
      this.kicks.arrived(connection);
    });
  }

  private leave(socket: Socket, onPurpose: boolean): void {
    const connection = socket.data as SocketConnection;
    counts.connections--;
    this.unanswered -= connection.waiting?.length ?? 0;
    connection.waiting = undefined;
    this.connections.remove(connection);
    this.connections.left(connection, onPurpose);
    this.admission.released(connection);
  }

  /**
   * `args`: what the client sent, event name first, and last the number of its acknowledgement when it wants one; `source`:
   * the text that they were read from.
   */
  private receive(socket: Socket, args: unknown[], source?: string): void {
    // A frame behind a kick: its sender is no longer anybody.
    if (!socket.connected) return;
    const connection = socket.data as SocketConnection;
    const ack = args.at(-1) instanceof AckId ? (args.pop() as AckId) : undefined;
    const event = args[0];
    const handler = typeof event === 'string' ? this.handlers.get(event) : undefined;
    try {
      const data = args[1];
      this.rates.consumeCall(handler?.rate ?? 'calls', connection.caller, timesOf(data, source));
      if (connection.unanswered >= UNANSWERED_MAX) throw new AppError('BUSY');
      if (!handler) throw new AppError('UNKNOWN_EVENT');
      count(counts.events, handler.event);
      if (data instanceof Oversized) throw tooLarge(data.bytes, this.settings.limits.frameBytes);
      const object = oneObject(data instanceof Unread ? data.read() : args);
      assertPlainJson(object, 'data', source);
      const checked = handler.check(object, source);
      if (handler.large) return this.inTurn(connection, ack, handler, checked);
      const reply = handler.call(connection.caller, checked, connection);
      if (reply instanceof Promise) void this.settle(connection, ack, handler, reply);
      else this.answer(connection, ack, reply);
    } catch (error) {
      if (error instanceof NotAPacket) throw error;
      this.refuse(connection, ack, handler, error);
    }
  }

  /** One whose answer may be large: made when few others are, and when those before it have been read. */
  private inTurn(connection: SocketConnection, ack: AckId | undefined, handler: EventHandler, data: object): void {
    connection.unanswered++;
    this.unanswered++;
    (connection.waiting ??= []).push(() => void this.runLarge(connection, ack, handler, data));
    this.nextLarge(connection);
  }

  private nextLarge(connection: SocketConnection): void {
    while (connection.waiting?.length && connection.large < LARGE_AT_ONCE && connection.answerBytes === 0) {
      connection.large++;
      connection.waiting.shift()?.();
    }
  }

  private async runLarge(
    connection: SocketConnection,
    ack: AckId | undefined,
    handler: EventHandler,
    data: object,
  ): Promise<void> {
    try {
      const reply = Promise.resolve(handler.call(connection.caller, data, connection));
      await this.inTime(connection, ack, handler, reply);
    } catch (error) {
      this.refuse(connection, ack, handler, error);
    } finally {
      connection.large--;
      connection.unanswered--;
      this.unanswered--;
      this.nextLarge(connection);
    }
  }

  private async settle(
    connection: SocketConnection,
    ack: AckId | undefined,
    handler: EventHandler,
    reply: Promise<unknown>,
  ): Promise<void> {
    connection.unanswered++;
    this.unanswered++;
    try {
      await this.inTime(connection, ack, handler, reply);
    } finally {
      connection.unanswered--;
      this.unanswered--;
    }
  }

  /** Answers once, in time; resolves when the work is over, which may be later. */
  private async inTime(
    connection: SocketConnection,
    ack: AckId | undefined,
    handler: EventHandler,
    reply: Promise<unknown>,
  ): Promise<void> {
    const began = performance.now();
    let isLate = false;
    const call = this.deadlines.begin((retry) => {
      isLate = true;
      this.refuse(connection, ack, handler, retry);
    });
    try {
      const data = await reply;
      if (!isLate) this.answer(connection, ack, data);
    } catch (error) {
      const padding = paddingMs(error, performance.now() - began);
      if (padding > 0) await new Promise((resolve) => setTimeout(resolve, padding));
      if (isLate) this.deadlines.failedLate(error);
      else this.refuse(connection, ack, handler, error);
    } finally {
      this.deadlines.end(call);
    }
  }

  private answer(connection: SocketConnection, ack: AckId | undefined, data: unknown = NOTHING): void {
    if (ack) this.outbound.answer(connection, ack.id, `{"ok":true,"data":${textOf(data)}}`);
  }

  private refuse(
    connection: SocketConnection,
    ack: AckId | undefined,
    handler: EventHandler | undefined,
    error: unknown,
  ): void {
    const traceId = randomId(16);
    const known = toAppError(error);
    if (known.code === 'INTERNAL') {
      const { userPk, sessionId } = connection.caller;
      this.logger.error({
        msg: `${handler?.where} failed`,
        event: handler?.event,
        traceId,
        userPk,
        sessionId,
        err: error,
      });
    }
    count(counts.refused, known.code);
    if (!OURS.has(known.code)) connection.inbound?.charge();
    if (ack) {
      this.outbound.answer(connection, ack.id, JSON.stringify({ ok: false, error: known.toWire(traceId) }));
    }
  }
}

/** How often an event counts. */
const timesOf = (data: unknown, source = ''): number =>
  data instanceof Oversized ? timesCounted(data.bytes) : timesCountedText(source);

function oneObject(args: unknown[]): object {
  const data = args[1];
  if (args.length === 2 && typeof data === 'object' && data !== null && !Array.isArray(data)) return data;
  throw invalid('data', 'An event carries exactly one object.');
}

const tooLarge = (bytes: number, maxBytes: number): AppError =>
  new AppError('TOO_LARGE', { field: 'data', details: { bytes, maxBytes } });

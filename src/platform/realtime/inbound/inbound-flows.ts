import { Injectable, Logger } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import type { ErrorCode } from '../../../kernel/errors/catalogue';
import { AppError } from '../../../kernel/errors/app-error';
import { Settings } from '../../config/settings';
import { RateLimiter } from '../../entry/rate-limiter';
import { clientAddress } from '../client-address';
import type { Connection } from '../connection';
import { count, counts } from '../metrics';
import type { EngineSocket } from '../engine-socket';
import { InboundFlow, type InboundFlowHost } from './inbound-flow';
import { pacePolling, type PollingTransport } from './paced-polling';
import { paceWebSocket } from './paced-websocket';
import { UnauthenticatedConnections } from './unauthenticated-connections';
import { LoopTurns } from './loop-turns';

/** What Socket.IO adds around a body: packet type, ack id, event name. */
export const FRAME_OVERHEAD_BYTES = 512;
/** A frame this many times too large is still read, so that its answer can say so; beyond that its connection ends. */
const READ_TIMES = 4;
/** Room for a token and a device: the largest frame before a session is bound. */
const UNAUTHENTICATED_BYTES = 16 * 1024;
/** What a flood costs of the handshakes of its user: whoever floods again and again comes back slowly. */
const HANDSHAKES_PER_FLOOD = 10;

type EngineRequest = IncomingMessage & { _query: { sid?: string } };
/** An Engine.IO connection as it is made here. */
type CountedEngine = EngineSocket & {
  inbound?: InboundFlow;
  on(event: 'close', listener: () => void): void;
};

/** Engine.IO's server, as far as we look into it. */
export interface EngineServer {
  clients: Record<string, CountedEngine | undefined>;
  createTransport(name: string, request: EngineRequest): object;
  on(event: 'connection', listener: (engine: CountedEngine) => void): void;
}

/** The largest frame that is read. */
export const readableBytes = ({ limits }: Settings): number => READ_TIMES * limits.frameBytes + FRAME_OVERHEAD_BYTES;

/** Gives every connection its flow control, whatever its transport, and bounds the connections without a session. */
@Injectable()
export class InboundFlows implements InboundFlowHost {
  private readonly logger = new Logger('socket');
  readonly unauthenticatedBytes = UNAUTHENTICATED_BYTES;
  readonly frameBytes: number;

  constructor(
    readonly turns: LoopTurns,
    private readonly unauthenticated: UnauthenticatedConnections,
    private readonly rates: RateLimiter,
    private readonly settings: Settings,
  ) {
    this.frameBytes = readableBytes(settings);
  }

  attach(engines: EngineServer): void {
    const create = engines.createTransport.bind(engines);
    engines.createTransport = (name, request) => {
      const { sid } = request._query;
      const inbound =
        (sid !== undefined && engines.clients[sid]?.inbound) || new InboundFlow(this, this.addressOf(request));
      const transport = create(name, request) as { inbound?: InboundFlow };
      transport.inbound = inbound;
      if (name === 'polling') pacePolling(transport as PollingTransport, inbound);
      else paceWebSocket(request, inbound);
      return transport;
    };
    const { unauthenticated, rates } = this;
    // One function for all: a closure a connection would be memory for every idle one.
    function gone(this: CountedEngine): void {
      const { inbound } = this;
      if (!inbound || inbound.connection) return;
      if (!inbound.attemptedAuth) rates.penalizeAddress('wrongCredentials', inbound.address);
      unauthenticated.removed(inbound.address);
    }
    engines.on('connection', (engine) => {
      const { inbound } = engine.transport as { inbound?: InboundFlow };
      if (!inbound) return;
      engine.inbound = inbound;
      inbound.engine = engine;
      unauthenticated.added(inbound.address);
      engine.on('close', gone);
    });
  }

  /** Whether this request may open a connection: at once as a rule, else in its turn. */
  ask(request: IncomingMessage, open: (allowed: boolean) => void): void {
    this.unauthenticated.ask(this.addressOf(request), open);
  }

  /** A session was bound to this connection. */
  admit(engine: EngineSocket, connection: Connection): InboundFlow | undefined {
    const { inbound } = engine as CountedEngine;
    if (!inbound) return undefined;
    inbound.authenticated(connection);
    this.unauthenticated.removed(inbound.address);
    return inbound;
  }

  consume({ caller }: Connection, frames: number): boolean {
    try {
      this.rates.consume('frames', caller, frames);
      return true;
    } catch (error) {
      if (error instanceof AppError) return false;
      throw error;
    }
  }

  closed({ connection, address }: InboundFlow, code: ErrorCode): void {
    count(counts.closedFor, code);
    if (!connection) {
      this.rates.penalizeAddress('wrongCredentials', address);
      return;
    }
    const { app, userId, userPk, sessionId } = connection.caller;
    if (code === 'RATE_LIMITED') this.rates.penalizeUserId('handshakes', app.pk, userId, HANDSHAKES_PER_FLOOD);
    this.logger.warn({ msg: SAYS[code] ?? 'closed a socket', appId: app.appId, userPk, sessionId });
  }

  private addressOf({ headers, socket }: IncomingMessage): string {
    return clientAddress(headers['x-forwarded-for'], socket.remoteAddress ?? '', this.settings.http.trustProxy);
  }
}

const SAYS: Partial<Record<ErrorCode, string>> = {
  RATE_LIMITED: 'closed a socket that sent far more than its rates allow; its user may come back, slowly',
  TOO_LARGE: 'closed a socket whose frame was far larger than LIMIT_FRAME_BYTES',
};

/** The flow control of this connection. */
export const inboundOf = (engine: EngineSocket): InboundFlow | undefined => (engine as CountedEngine).inbound;

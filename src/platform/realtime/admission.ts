import { Injectable, Logger } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import type { Socket } from 'socket.io';
import { toAppError } from '../entry/failures';
import { AppError } from '../../kernel/errors/app-error';
import { randomId } from '../../kernel/ids';
import { Settings } from '../config/settings';
import { assertPlainJson } from '../entry/plain-json';
import { RateLimiter } from '../entry/rate-limiter';
import { clientAddress } from './client-address';
import { inboundOf } from './inbound/inbound-flows';
import { count, counts } from './metrics';
import { Overload } from './overload';
import type { AdmittedSession } from './connection';
import { SESSION_GATE, type SessionGate } from './session-gate';
import { engineOf } from './engine-socket';
import { SocketConnection } from './socket-connection';

/** Handshakes being decided at once; beyond it the database would only queue them. */
const PENDING_MAX = 5000;
const RETRY_MIN_MS = 500;
const RETRY_SPREAD_MS = 4500;
/** How long the answer to wrong credentials beyond the rate of their address is delayed. */
const REFUSAL_DELAY_MS = 1000;

/** An error as Socket.IO turns it into `connect_error`. */
export interface ConnectError extends Error {
  data: object;
}

/** Lets sockets in, once each, before any of their frames is read (design point 2). */
@Injectable()
export class Admission {
  private readonly logger = new Logger(Admission.name);
  /** Engine connections whose CONNECT is being decided: a second one meanwhile is an attack on the device policy. */
  private readonly deciding = new WeakSet<object>();
  /** Admitted, but Socket.IO has not told us of the connection yet; the client may be gone already. */
  private readonly unsettled = new Set<SocketConnection>();
  private gate: SessionGate | undefined;
  private pending = 0;
  /** Set while the process drains. */
  closed = false;
  /** Set while the database does not answer: nobody could be proven. */
  cutOff = false;

  constructor(
    private readonly modules: ModuleRef,
    private readonly settings: Settings,
    private readonly overload: Overload,
    private readonly rates: RateLimiter,
  ) {}

  /** A middleware of the server. */
  readonly middleware = (socket: Socket, next: (error?: ConnectError) => void): void => {
    this.admit(socket).then(
      () => {
        count(counts.handshakes, 'admitted');
        next();
      },
      (error: unknown) => this.refuse(socket, error, next),
    );
  };

  /** The socket's connection, now that Socket.IO has opened it. */
  settle(socket: Socket): SocketConnection {
    const connection = socket.data as SocketConnection;
    this.unsettled.delete(connection);
    return connection;
  }

  released(connection: SocketConnection): void {
    try {
      this.sessionGate.released(connection);
    } catch (error) {
      this.logger.error({ msg: 'cleaning up after a closed socket failed: a bug, please report it', err: error });
    }
  }

  private async admit(socket: Socket): Promise<void> {
    const { client } = socket as unknown as { client: { sockets: Map<string, unknown> } };
    const inbound = inboundOf(engineOf(socket));
    if (inbound) inbound.attemptedAuth = true;
    if (this.closed || this.pending >= PENDING_MAX || this.overload.now) throw busy();
    if (this.cutOff) throw new AppError('RETRY');
    if (this.deciding.has(client) || client.sockets.size > 0) {
      engineOf(socket).close();
      throw new AppError('INVALID_REQUEST', {
        field: 'auth',
        message: 'A session is already bound to this connection; open another connection for another session.',
      });
    }
    this.deciding.add(client);
    this.pending++;
    try {
      const session = await this.prove(socket);
      const connection = new SocketConnection(socket, session);
      socket.data = connection;
      this.unsettled.add(connection);
      // Socket.IO drops a socket silently whose client left meanwhile; its session must not stay bound.
      setImmediate(() => {
        if (this.unsettled.delete(connection)) this.released(connection);
      });
    } finally {
      this.pending--;
      this.deciding.delete(client);
    }
  }

  private async prove(socket: Socket): Promise<AdmittedSession> {
    const { auth, headers, address: peer } = socket.handshake;
    const address = clientAddress(headers['x-forwarded-for'], peer, this.settings.http.trustProxy);
    try {
      assertPlainJson(auth, 'auth');
      const gone = (): boolean => engineOf(socket).readyState !== 'open';
      return await this.sessionGate.admit(auth, { socketId: socket.id, address, gone });
    } catch (error) {
      this.rates.countWrongCredentials(error, address);
      throw error;
    }
  }

  /** An address beyond its rate of wrong credentials waits for each answer, and for its next connection. */
  private refuse(socket: Socket, error: unknown, next: (error: ConnectError) => void): void {
    const spent = error instanceof AppError && error.extras.details?.budget === 'wrongCredentials';
    const answer = (): void => {
      next(this.refusal(error));
      if (spent) setImmediate(() => engineOf(socket).close());
    };
    if (spent) setTimeout(answer, REFUSAL_DELAY_MS).unref();
    else answer();
  }

  private refusal(error: unknown): ConnectError {
    const traceId = randomId(16);
    const known = toAppError(error);
    if (known !== error) this.logger.error({ msg: 'a handshake failed', traceId, err: error });
    count(counts.handshakes, known.code);
    return Object.assign(new Error(known.message), { data: known.toWire(traceId) });
  }

  /** Provided by accounts, which this floor does not know. */
  private get sessionGate(): SessionGate {
    this.gate ??= this.modules.get<SessionGate>(SESSION_GATE, { strict: false });
    return this.gate;
  }
}

const busy = () => new AppError('BUSY', { retryAfterMs: Math.round(RETRY_MIN_MS + Math.random() * RETRY_SPREAD_MS) });

import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { IncomingMessage } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { Server, ServerOptions } from 'socket.io';
import { Settings } from '../config/settings';
import { Dispatcher } from './dispatcher';
import * as wire from './wire';

/** What Socket.IO adds around a body: packet type, ack id, event name. */
const FRAME_OVERHEAD_BYTES = 512;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Socket.IO under Nest with our limits. Gateways are ordinary Nest gateways, but Nest wires nothing per socket: that would
 * cost 4 KiB and 18 µs for each handler of each socket, so the one dispatcher hears all events (design point 2).
 *
 *     app.useWebSocketAdapter(new ParleyIoAdapter(app));
 */
export class ParleyIoAdapter extends IoAdapter {
  private readonly settings: Settings;
  private readonly dispatcher: Dispatcher;

  constructor(app: INestApplicationContext) {
    super(app);
    this.settings = app.get(Settings);
    this.dispatcher = app.get(Dispatcher);
  }

  override createIOServer(port: number, options?: Partial<ServerOptions>): Server {
    const server = super.createIOServer(port, {
      ...options,
      ...socketOptions(this.settings),
    } as ServerOptions);
    server.engine.on('connection_error', explain);
    this.dispatcher.attach(server);
    return server;
  }

  override bindClientConnect(): void {
    // The dispatcher hears of connections itself.
  }

  override bindClientDisconnect(): void {
    // So it does of their end.
  }

  override bindMessageHandlers(): void {
    // And of every event.
  }
}

/** As Engine.IO tells of a request that it refuses, before it answers with `context.message` or its own words. */
interface RefusedRequest {
  code: number;
  context?: { message?: string };
}

const UNKNOWN_SID = 1;

/** In Engine.IO's own shape, so that clients read it; what they show of it is often no more than "xhr post error". */
function explain({ code, context }: RefusedRequest): void {
  if (code !== UNKNOWN_SID || !context) return;
  context.message =
    'Session ID unknown: it has ended, or it was opened on another node. Where several nodes serve, long-polling needs a ' +
    'load balancer with sticky sessions; clients that use websocket alone do not.';
}

function socketOptions({ http, limits, realtime }: Settings): Partial<ServerOptions> {
  const anyOrigin = http.corsOrigins.includes('*');
  return {
    transports: http.socketTransports,
    maxHttpBufferSize: limits.frameBytes + FRAME_OVERHEAD_BYTES,
    pingInterval: realtime.pingIntervalMs,
    pingTimeout: realtime.pingTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    perMessageDeflate: false,
    httpCompression: false,
    allowEIO3: false,
    serveClient: false,
    parser: wire,
    ...(http.corsOrigins.length > 0 && {
      cors: { origin: anyOrigin ? '*' : http.corsOrigins, credentials: !anyOrigin },
    }),
    allowRequest: (request, decide) => {
      const allowed = isOriginAllowed(request, http.corsOrigins, http.publicUrl);
      // Engine.IO destroys a socket that it refuses, and with it what was held back.
      if (allowed && request.headers.upgrade !== undefined) answerAtOnce(request.socket);
      decide(null, allowed);
    },
  };
}

/** The answer to an upgrade and Engine.IO's first packet, a microtask later, leave in one write of the kernel's. */
function answerAtOnce(socket: NetSocket): void {
  socket.cork();
  setImmediate(() => socket.uncork());
}

/** Browsers say where a page came from; what is not a browser says nothing and brings its own token. */
function isOriginAllowed(request: IncomingMessage, allowed: readonly string[], publicUrl?: string): boolean {
  const { origin, host } = request.headers;
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  return from.host === host || (publicUrl !== undefined && from.origin === new URL(publicUrl).origin);
}

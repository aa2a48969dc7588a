import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { IncomingMessage } from 'node:http';
import type { Socket as NetSocket } from 'node:net';
import type { Server, ServerOptions } from 'socket.io';
import { Settings } from '../config/settings';
import { Dispatcher } from './dispatcher';
import { type EngineServer, InboundFlows, readableBytes } from './inbound/inbound-flows';
import { PacedWebSocketServer } from './inbound/paced-websocket';
import * as wire from './wire';

/** From the first byte to CONNECT and its answer; a little later, at ten seconds, the connection has gone. */
const CONNECT_TIMEOUT_MS = 8000;

/**
 * Socket.IO under Nest with our limits. Gateways are ordinary Nest gateways, but Nest wires nothing per socket: that would
 * cost 4 KiB and 18 µs for each handler of each socket, so the one dispatcher hears all events (design point 2).
 *
 *     app.useWebSocketAdapter(new ParleyIoAdapter(app));
 */
export class ParleyIoAdapter extends IoAdapter {
  private readonly settings: Settings;
  private readonly dispatcher: Dispatcher;
  private readonly inboundFlows: InboundFlows;

  constructor(app: INestApplicationContext) {
    super(app);
    this.settings = app.get(Settings);
    this.dispatcher = app.get(Dispatcher);
    this.inboundFlows = app.get(InboundFlows);
  }

  override createIOServer(port: number, options?: Partial<ServerOptions>): Server {
    const server = super.createIOServer(port, {
      ...options,
      ...socketOptions(this.settings, this.inboundFlows),
    } as ServerOptions);
    server.engine.on('connection_error', explain);
    this.dispatcher.attach(server);
    this.inboundFlows.attach(server.engine as unknown as EngineServer);
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

function socketOptions(settings: Settings, inboundFlows: InboundFlows): Partial<ServerOptions> {
  const { http, realtime } = settings;
  const anyOrigin = http.corsOrigins.includes('*');
  return {
    transports: http.socketTransports,
    maxHttpBufferSize: readableBytes(settings),
    wsEngine: PacedWebSocketServer,
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
      if (!isOriginAllowed(request, http.corsOrigins, http.publicUrl)) return decide(null, false);
      inboundFlows.ask(request, (allowed) => {
        // Engine.IO destroys a socket that it refuses, and with it what was held back.
        if (allowed && request.headers.upgrade !== undefined) answerAtOnce(request.socket);
        decide(null, allowed);
      });
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

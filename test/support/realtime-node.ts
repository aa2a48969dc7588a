import { CallDeadlines } from '../../src/platform/entry/call-deadlines';
import { RateLimiter } from '../../src/platform/entry/rate-limiter';
import { Global, type INestApplication, Module, type ModuleMetadata } from '@nestjs/common';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { WebSocketGateway } from '@nestjs/websockets';
import { IsBoolean, IsInt, IsObject, IsOptional, IsString, Max, Min } from 'class-validator';
import type { AddressInfo } from 'node:net';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import type { UserCaller } from '../../src/kernel/caller';
import { AppError } from '../../src/kernel/errors/app-error';
import { NodeIdentity } from '../../src/platform/config/node-identity';
import { readSettings } from '../../src/platform/config/read-settings';
import { Settings } from '../../src/platform/config/settings';
import { DatabaseClock } from '../../src/platform/database/database-clock';
import type { Sql } from '../../src/platform/database/sql';
import type { AdmittedSession, Connection } from '../../src/platform/realtime/connection';
import { Connections } from '../../src/platform/realtime/connections';
import { Dispatcher, REALTIME_OPTIONS } from '../../src/platform/realtime/dispatcher';
import { Live } from '../../src/platform/realtime/live';
import { On } from '../../src/platform/realtime/on.decorator';
import { RealtimeModule } from '../../src/platform/realtime/realtime.module';
import { SESSION_GATE, type SessionGate } from '../../src/platform/realtime/session-gate';
import { ParleyIoAdapter } from '../../src/platform/realtime/socket-adapter';
import { aStrayCaller } from './caller';

export const APP_PK = 1;

/** Lets everybody in as the user whose number is the token; the session's number is the same. */
export class OpenGate implements SessionGate {
  /** Handshakes that it was asked about so far. */
  asked = 0;
  private readonly generations = new Map<number, number>();
  readonly admitted: string[] = [];
  readonly released_: string[] = [];
  /** While set, handshakes wait for it. */
  closedUntil: Promise<void> | undefined;

  async admit(auth: unknown, { socketId }: { socketId: string }): Promise<AdmittedSession> {
    const { token, device, features } = auth as { token?: string; device?: { id: string }; features?: string[] };
    this.asked++;
    await this.closedUntil;
    if (token === 'boom') throw new Error('the gate broke: secret detail');
    const userPk = Number(token);
    if (!Number.isInteger(userPk)) throw new AppError('UNAUTHENTICATED');
    this.admitted.push(socketId);
    const generation = (this.generations.get(userPk) ?? 0) + 1;
    this.generations.set(userPk, generation);
    return {
      caller: aStrayCaller(userPk, { app: { pk: APP_PK, appId: 'app', version: 1 }, socketId }),
      generation,
      device: { id: device?.id ?? socketId, platform: 'test', state: 'foreground' },
      features: new Set(features),
      expiresAt: Number.MAX_SAFE_INTEGER,
    };
  }

  released({ socket }: Connection): void {
    this.released_.push(socket.id);
  }
}

class TypingDto {
  @IsString() conversationId!: string;
  @IsOptional() @IsBoolean() typing?: boolean;
}
class MarkDto {
  @IsString() conversationId!: string;
  @IsInt() @Min(0) seq!: number;
}
class PullDto {
  @IsString() conversationId!: string;
  @IsInt() @Min(1) @Max(100_000) limit!: number;
}
class SendDto {
  @IsString() clientMessageId!: string;
  @IsObject() body!: object;
}

/** One handler of each sort: answering at once, later, with a refusal, with a bug, with much. */
@WebSocketGateway()
export class SampleGateway {
  readonly heard: unknown[] = [];
  /** While set, `message:received` waits for it. */
  held: Promise<void> | undefined;

  @On('typing')
  typing(_caller: UserCaller, data: TypingDto) {
    this.heard.push(data);
    return {};
  }

  @On('message:received')
  async received(_caller: UserCaller, data: MarkDto) {
    this.heard.push(data);
    await this.held;
    return {};
  }

  @On('conversation:read')
  read(_caller: UserCaller, { seq }: MarkDto) {
    if (seq === 1) throw new AppError('FORBIDDEN');
    if (seq === 2) throw new Error('a bug with a secret');
    if (seq === 3) return Promise.reject(new Error('a late bug with a secret'));
    return { readSeq: seq, unread: 0 };
  }

  @On('conversation:pull', { large: true })
  pull(_caller: UserCaller, { limit }: PullDto) {
    return { items: ['x'.repeat(limit)] as never[] };
  }

  @On('message:send', { rate: 'sends' })
  send(_caller: UserCaller, data: SendDto) {
    this.heard.push(data);
    return { echoed: data } as never;
  }
}

export interface RealtimeNode {
  app: INestApplication;
  url: string;
  port: number;
  gate: OpenGate;
  gateway: SampleGateway;
  live: Live;
  connections: Connections;
  dispatcher: Dispatcher;
  /** A plain client of this node, connected as this user. */
  connect(userPk: number, options?: Partial<ManagerOptions & SocketOptions>): Promise<Socket>;
  close(): Promise<void>;
}

/** A node with sockets and bus, and nothing of the business. */
export async function aRealtimeNode(
  env: NodeJS.ProcessEnv,
  extra: ModuleMetadata = {},
  everyEvent = false,
): Promise<RealtimeNode> {
  const settings = readSettings({
    MYSQL_URL: 'mysql://nobody@127.0.0.1:1/none',
    REDIS_URL: 'redis://127.0.0.1:1',
    ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
    LOG_LEVEL: 'silent',
    ...env,
  });
  const gate = new OpenGate();
  // There is no database here that could be slow.
  const deadlines = new CallDeadlines(settings, { slowestMs: 0 } as Sql);

  @Global()
  @Module({
    providers: [
      { provide: Settings, useValue: settings },
      NodeIdentity,
      RateLimiter,
      { provide: CallDeadlines, useValue: deadlines },
      { provide: DatabaseClock, useValue: { now: () => Date.now() } },
      { provide: SESSION_GATE, useValue: gate },
    ],
    exports: [Settings, NodeIdentity, RateLimiter, CallDeadlines, DatabaseClock, SESSION_GATE],
  })
  class HarnessModule {}

  const built = await Test.createTestingModule({
    ...extra,
    imports: [HarnessModule, RealtimeModule, ...(extra.imports ?? [])],
    providers: [SampleGateway, ...(extra.providers ?? [])],
  })
    .overrideProvider(REALTIME_OPTIONS)
    .useValue({ everyEvent })
    .compile();
  const app = built.createNestApplication(new FastifyAdapter(), { logger: false });
  app.useWebSocketAdapter(new ParleyIoAdapter(app));
  try {
    await app.listen(0, '127.0.0.1');
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = (app.getHttpServer() as { address(): AddressInfo }).address();
  const url = `http://127.0.0.1:${port}`;
  const clients: Socket[] = [];
  return {
    app,
    url,
    port,
    gate,
    gateway: app.get(SampleGateway),
    live: app.get(Live),
    connections: app.get(Connections),
    dispatcher: app.get(Dispatcher),
    async connect(userPk, options = {}) {
      const client = io(url, { auth: { token: `${userPk}` }, forceNew: true, reconnection: false, ...options });
      clients.push(client);
      await new Promise<void>((resolve, reject) => {
        client.once('connect', resolve);
        client.once('connect_error', reject);
      });
      return client;
    },
    async close() {
      for (const client of clients) client.disconnect();
      await app.close();
      deadlines.onApplicationShutdown();
    },
  };
}

/** Waits until something holds, and fails by saying what did not. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Everything a client hears from now on, in order. */
export function hearing(client: Socket): [event: string, data: unknown][] {
  const heard: [string, unknown][] = [];
  client.onAny((event: string, data: unknown) => heard.push([event, data]));
  return heard;
}

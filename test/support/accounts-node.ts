import { Global, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { io, type Socket } from 'socket.io-client';
import type { AppCaller } from '../../src/kernel/caller';
import type { AccountMode, App } from '../../src/modules/tenancy';
import { Apps, Provisioning } from '../../src/modules/tenancy';
import { AppsService } from '../../src/modules/tenancy/apps.service';
import { AccountsModule } from '../../src/modules/accounts';
import { ConfigModule } from '../../src/platform/config/config.module';
import { Settings } from '../../src/platform/config/settings';
import { DatabaseClock } from '../../src/platform/database/database-clock';
import { Sql } from '../../src/platform/database/sql';
import { EntryModule } from '../../src/platform/entry/entry.module';
import { httpAdapter, prepareHttp } from '../../src/platform/entry/http/adapter';
import { LifecycleModule } from '../../src/platform/lifecycle/lifecycle.module';
import { Housekeeping, type Chore } from '../../src/platform/queues/housekeeping';
import { Outbox } from '../../src/platform/queues/outbox';
import { WorkerHost } from '../../src/platform/queues/worker-host';
import { REALTIME_OPTIONS } from '../../src/platform/realtime/dispatcher';
import { RealtimeModule } from '../../src/platform/realtime/realtime.module';
import { ParleyIoAdapter } from '../../src/platform/realtime/socket-adapter';
import { SecretsModule } from '../../src/platform/secrets/secrets.module';

/** A node without workers: what they would tidy up is done when a test says so. */
class Chores {
  private readonly chores: Chore[] = [];

  add(chore: Chore): void {
    this.chores.push(chore);
  }

  async run(sql: Sql): Promise<void> {
    for (const { run } of this.chores) {
      await run(async (text, values) => (await sql.run(text, [...values, 1000])).affectedRows);
    }
  }
}

@Global()
@Module({
  providers: [
    DatabaseClock,
    Sql,
    Outbox,
    { provide: Housekeeping, useFactory: () => new Chores() },
    { provide: WorkerHost, useValue: { register: () => undefined } },
  ],
  exports: [DatabaseClock, Sql, Outbox, Housekeeping, WorkerHost],
})
class PlumbingModule {}

export interface Answer {
  status: number;
  body: Record<string, unknown> & { error?: { code: string; field?: string; retryAfterMs?: number; details?: object } };
}

type OwnSettings = NonNullable<Parameters<AppsService['change']>[2]['settings']>;

/** An online app with its credentials in hand. */
export interface TestApp {
  app: App;
  caller: AppCaller;
  appId: string;
  appToken: string;
  appSecret: string;
  /** As the app's own server. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  offline(): Promise<void>;
}

/** What a client that was let in has heard, and how it ended. */
export interface TestClient {
  socket: Socket;
  heard: [event: string, data: unknown][];
}

export interface AccountsNode {
  url: string;
  use<T>(type: abstract new (...args: never[]) => T): T;
  /** `of`: of the developer that all apps of a test file share, unless something is done to the developer itself. */
  anApp(accountMode: AccountMode, settings?: OwnSettings, of?: 'anybody' | 'a new developer'): Promise<TestApp>;
  call(method: string, path: string, body?: unknown, authorization?: string): Promise<Answer>;
  /** Connects; rejects with the refusal's `data` when it is refused. */
  connect(token: string, deviceId: string, platform?: string): Promise<TestClient>;
  /** What the workers do once a minute. */
  tidyUp(): Promise<void>;
  close(): Promise<void>;
}

/** A node with everything up to accounts, over HTTP and sockets; Redis is away, which accounts must not mind. */
export async function anAccountsNode(settings: Settings): Promise<AccountsNode> {
  const built = await Test.createTestingModule({
    imports: [
      ConfigModule,
      LifecycleModule,
      SecretsModule,
      PlumbingModule,
      EntryModule,
      RealtimeModule,
      AccountsModule,
    ],
  })
    .overrideProvider(Settings)
    .useValue(settings)
    .overrideProvider(REALTIME_OPTIONS)
    .useValue({ everyEvent: false })
    .compile();
  const app = built.createNestApplication<NestFastifyApplication>(httpAdapter(settings), {
    logger: false,
    bodyParser: false,
  });
  app.useWebSocketAdapter(new ParleyIoAdapter(app));
  prepareHttp(app, settings);
  await app.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
  const use = <T>(type: abstract new (...args: never[]) => T): T => app.get<T>(type, { strict: false });
  const clients: Socket[] = [];

  const call: AccountsNode['call'] = async (method, path, body, authorization) => {
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(authorization !== undefined && { authorization }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
  };

  const aDeveloper = () =>
    use(Provisioning).createVerifiedDeveloper({
      email: `${randomUUID()}@example.com`,
      password: 'a password of a person',
      name: 'Dev',
    });
  let anybody: ReturnType<typeof aDeveloper> | undefined;

  return {
    url,
    use,
    call,
    async anApp(accountMode, own = {}, of = 'anybody') {
      const { caller } = await (of === 'anybody' ? (anybody ??= aDeveloper()) : aDeveloper());
      const made = await use(Provisioning).createApp(caller, { name: 'Chat', accountMode, online: true });
      if (Object.keys(own).length > 0) await use(AppsService).change(caller, made.appId, { settings: own });
      const found = await use(Apps).find(made.appId);
      if (!found) throw new Error('the app is gone');
      const basic = `Basic ${Buffer.from(`${made.appId}:${made.appSecret}`).toString('base64')}`;
      return {
        ...made,
        app: found,
        call: (method, path, body) => call(method, path, body, basic),
        offline: async () => void (await use(AppsService).goOffline(caller, made.appId)),
      };
    },
    async connect(token, deviceId, platform = 'test') {
      const socket = io(url, {
        auth: { token, device: { id: deviceId, platform } },
        transports: ['websocket'],
        forceNew: true,
        reconnection: false,
      });
      clients.push(socket);
      const heard: TestClient['heard'] = [];
      socket.onAny((event: string, data: unknown) => heard.push([event, data]));
      await new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('connect_error', (error: Error & { data?: object }) => reject(Object.assign(error, error.data)));
      });
      return { socket, heard };
    },
    tidyUp: () => (use(Housekeeping) as unknown as Chores).run(use(Sql)),
    async close() {
      for (const client of clients) client.disconnect();
      await app.close();
    },
  };
}

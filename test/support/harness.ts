import 'reflect-metadata';
import type { LoggerService } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { randomBytes } from 'node:crypto';
import { AppModule } from '../../src/app.module';
import { prepareApp, stopApp } from '../../src/boot';
import { Settings } from '../../src/platform/config/settings';
import { Sql } from '../../src/platform/database/sql';
import { httpAdapter } from '../../src/platform/entry/http/adapter';
import { createLog } from '../../src/platform/observability/logging';
import { http, type Api } from './http';
import { aScratchDatabase } from './scratch-database';

export const OPERATOR_TOKEN = 'operator-token-of-the-tests';

export interface Parley {
  /** http://127.0.0.1:port */
  url: string;
  api: Api;
  app: NestFastifyApplication;
  settings: Settings;
  /** The node's own door to the database, for looking at what was stored. */
  sql: Sql;
  /** Another node on the same database and Redis. */
  another(env?: NodeJS.ProcessEnv): Promise<Parley>;
  stop(): Promise<void>;
}

/**
 * The whole application in this process, on a free port, with a database and a Redis prefix of its own. `env` overrides
 * settings as the environment would: `startParley({ LIMIT_FRAME_BYTES: '2048' })`. `logger` hears the log instead.
 */
export async function startParley(env: NodeJS.ProcessEnv = {}, logger?: LoggerService): Promise<Parley> {
  if (!process.env.MYSQL_URL || !process.env.REDIS_URL) {
    throw new Error('MYSQL_URL or REDIS_URL is not set: run these tests with `npm test` (or `npm run test:e2e`).');
  }
  const defaults = {
    OPERATOR_TOKEN,
    REDIS_PREFIX: `t-${randomBytes(6).toString('hex')}`,
    AUTO_VERIFY_DEVELOPERS: 'true',
    // Every test of a file comes from one address; those who test the limits set them.
    LIMIT_LOGINS_PER_SECOND: '10000',
    LIMIT_LOGINS_BURST: '10000',
    LIMIT_PASSWORDS_PER_SECOND: '10000',
    LIMIT_PASSWORDS_BURST: '10000',
    LIMIT_FAILED_LOGINS_MAX: '10000',
    LIMIT_CALLS_PER_SECOND: '10000',
    LIMIT_CALLS_BURST: '10000',
    REALTIME_DRAIN_MS: '1000',
    MYSQL_POOL_SIZE: '8',
  };
  const database = await aScratchDatabase({ ...defaults, ...env });
  const nodes = new Set<Parley>();

  const start = async (settings: Settings): Promise<Parley> => {
    const app = await boot(settings, logger ?? createLog(settings));
    const url = await app.getUrl();
    const node: Parley = {
      url,
      api: http(url),
      app,
      settings,
      sql: app.get(Sql, { strict: false }),
      another: (more = {}) => start(database.withEnv({ ...defaults, ...env, ...more })),
      async stop() {
        if (!nodes.delete(node)) return;
        await stopApp(app);
        if (nodes.size === 0) await database.drop();
      },
    };
    nodes.add(node);
    return node;
  };
  try {
    return await start(database.settings);
  } catch (error) {
    await database.drop();
    throw error;
  }
}

async function boot(settings: Settings, logger: LoggerService): Promise<NestFastifyApplication> {
  settings.http.port = 0;
  const module = await Test.createTestingModule({ imports: [AppModule] })
    .overrideProvider(Settings)
    .useValue(settings)
    .setLogger(logger)
    .compile();
  const app = module.createNestApplication<NestFastifyApplication>(httpAdapter(settings), { bodyParser: false });
  await prepareApp(app, settings);
  await app.listen(0, '127.0.0.1');
  return app;
}

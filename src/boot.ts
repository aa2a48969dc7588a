import type { INestApplicationContext } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Settings } from './platform/config/settings';
import { openDocs } from './platform/docs/docs';
import { guardServer, prepareHttp } from './platform/entry/http/adapter';
import { Drainables } from './platform/lifecycle/drainables';
import { observeHttp } from './platform/observability/http-log';
import { startMetrics } from './platform/observability/metrics';
import { Drain } from './platform/realtime/drain';
import { openDashboard } from './platform/queues/dashboard';
import { ParleyIoAdapter } from './platform/realtime/socket-adapter';

/** Everything between a created application and `listen`: both doors, docs, metrics. Tests boot through it as well. */
export async function prepareApp(app: NestFastifyApplication, settings: Settings): Promise<void> {
  startMetrics();
  prepareHttp(app, settings);
  observeHttp(app, ['debug', 'trace'].includes(settings.logLevel));
  app.useWebSocketAdapter(new ParleyIoAdapter(app));
  app.get(Drainables).register('realtime', () => app.get(Drain).drain());
  await openDashboard(app, settings);
  if (settings.http.docs) openDocs(app);
  await app.init();
  guardServer(app, settings);
}

/** How long a client may take to read an answer that was given before the stop. */
const READING_MS = 3000;

/** What was begun comes to rest, then the modules are taken apart and the pools close. */
export async function stopApp(app: INestApplicationContext): Promise<void> {
  await app.get(Drainables).drain();
  // A client that reads slowly, or not at all, must not keep the process.
  const server = 'getHttpServer' in app ? (app as NestFastifyApplication).getHttpServer() : undefined;
  const timer = setTimeout(() => server?.closeAllConnections(), READING_MS);
  try {
    await app.close();
  } finally {
    clearTimeout(timer);
  }
}

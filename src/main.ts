import 'reflect-metadata';
import { Logger, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module';
import { prepareApp, stopApp } from './boot';
import { readSettings } from './platform/config/read-settings';
import type { Settings } from './platform/config/settings';
import { httpAdapter } from './platform/entry/http/adapter';
import { createLog, loggedError } from './platform/observability/logging';
import { startMetrics } from './platform/observability/metrics';
import { SideServer } from './platform/observability/side-server';
import { banner } from './quickstart/banner';
import { QuickstartService } from './quickstart/quickstart.service';

const EXIT_SETTINGS = 2;
const EXIT_FAILED = 1;
/** Longer than all stages of a stop together; whoever stops the process from outside waits longer still (DRAIN_MS in scripts/lib/launcher.mjs). */
const STOP_PATIENCE_MS = 60_000;

const say = (text: string): boolean => process.stderr.write(`${text}\n`);
// Standard streams may stand on a full disk, or be closed by whoever read them.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const logger = new Logger('main');

function settingsOrExit(): Settings {
  try {
    return readSettings();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    process.exit(EXIT_SETTINGS);
  }
}

/** REST and sockets; in the role `all`, background work as well. */
async function startServer(settings: Settings): Promise<INestApplicationContext> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, httpAdapter(settings), {
    logger: createLog(settings),
    bodyParser: false,
    abortOnError: false,
  });
  stopOnSignals(app);
  await prepareApp(app, settings);
  const { http } = settings;
  await app.listen(http.port, http.host);
  const url = http.publicUrl ?? (await app.getUrl());
  if (http.metricsPort > 0) await app.get(SideServer, { strict: false }).listen(http.metricsPort, http.host);
  logger.log(`listening on ${url} as ${settings.role}`);
  if (settings.embedded) {
    const quickstart = app.get(QuickstartService, { strict: false });
    const made = await quickstart.prepare(url);
    process.stdout.write(`${banner(url, quickstart.path, made)}\n`);
  }
  tellLauncher();
  return app;
}

/** Background work only; the port answers health and metrics. */
async function startWorker(settings: Settings): Promise<INestApplicationContext> {
  startMetrics();
  const app = await NestFactory.createApplicationContext(AppModule, {
    logger: createLog(settings),
    abortOnError: false,
  });
  stopOnSignals(app);
  const { http } = settings;
  const port = http.metricsPort || http.port;
  await app.get(SideServer, { strict: false }).listen(port, http.host);
  logger.log(`worker ready: health and metrics on ${http.host}:${port}`);
  tellLauncher();
  return app;
}

/** `npm start` restarts what had come up and then crashed, and nothing that never did (scripts/lib/application.mjs). */
function tellLauncher(): void {
  // A launcher that is gone by now needs no telling.
  process.send?.('serving', undefined, undefined, () => undefined);
}

function stopOnSignals(app: INestApplicationContext): void {
  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) process.exit(EXIT_FAILED);
    stopping = true;
    logger.log(`${signal}: stopping; calls under way are finished (send it again to stop at once)`);
    setTimeout(() => process.exit(EXIT_FAILED), STOP_PATIENCE_MS).unref();
    stopApp(app).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.error({ err: error }, 'stopping failed; the process ends now');
        process.exit(EXIT_FAILED);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** One sentence that a person can act on, where there is one. */
function whyNot(error: unknown, { http }: Settings): string {
  const { code } = (error ?? {}) as { code?: unknown };
  const port = code === 'EADDRINUSE' || code === 'EACCES' ? String((error as { port?: number }).port ?? http.port) : '';
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use. Stop what uses it, or start with another one: PORT=${Number(port) + 1} npm start`;
  if (code === 'EACCES') return `This user may not listen on port ${port}. Use a port above 1023.`;
  const { message: told } = (error ?? {}) as { message?: unknown };
  if (/^(ECONN|ENOTFOUND|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN)/.test(String(code)))
    return `The database does not answer: ${String(told)}. Is it running, and is MYSQL_URL right?`;
  if (/^ER_(ACCESS_DENIED|DBACCESS_DENIED|BAD_DB)/.test(String(code)))
    return `The database does not let us in: ${String(told)}. Is MYSQL_URL right?`;
  const { type, message } = loggedError(error) ?? { type: 'Error', message: String(error) };
  return `Parley did not start: ${type === 'Error' ? '' : `${type}: `}${message}`;
}

async function main(): Promise<void> {
  const settings = settingsOrExit();
  process.on('unhandledRejection', (error) =>
    logger.error({ err: error }, 'unhandled rejection: a bug, please report it'),
  );
  process.on('uncaughtException', (error) => {
    logger.error({ err: error }, 'uncaught exception: a bug, please report it; the process ends');
    process.exit(EXIT_FAILED);
  });
  try {
    await (settings.role === 'worker' ? startWorker(settings) : startServer(settings));
  } catch (error) {
    logger.debug({ err: error }, 'the start failed');
    say(whyNot(error, settings));
    process.exit(EXIT_FAILED);
  }
}

void main();

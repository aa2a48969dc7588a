/** A private Redis (or Valkey) server on the loopback, with its data in one directory. */
import { mkdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findBinaries } from './binaries.mjs';
import { makeDir, readIfThere, writeDurably } from './files.mjs';
import { LauncherError } from './messages.mjs';
import { firstAnswer, freePort, isFree } from './network.mjs';
import { passwordFor } from './secrets.mjs';
import { Service, choosePort } from './service.mjs';

/**
 * @param {{
 *   dir: string, port?: number, durable?: boolean, log?: import('./messages.mjs').Log,
 *   binaries?: import('./binaries.mjs').RedisBinaries, settings?: string[], signal?: AbortSignal,
 *   onSpawn?: import('./service.mjs').ServiceOptions['onSpawn'], onDeath?: import('./service.mjs').ServiceOptions['onDeath'],
 * }} options settings: more lines of redis.conf; durable (default true): an append-only file, synced every second
 */
export async function startRedis(options) {
  const { durable = true, log = () => {}, settings = [] } = options;
  const dir = resolve(options.dir);
  const binaries = options.binaries ?? findBinaries().redis;
  if (!binaries) throw new LauncherError('No redis-server or valkey-server was found.', { code: 'BINARIES_MISSING' });
  const data = join(dir, 'redis');
  makeDir(dir);
  makeDir(data);
  const password = passwordFor(dir, 'redis');
  const keptPort = Number(readIfThere(join(dir, 'redis.port'))) || undefined;
  const port = options.port ?? (await choosePort(keptPort, freePort, isFree));
  writeDurably(join(dir, 'redis.port'), `${port}\n`);
  const conf = join(dir, 'redis.conf');
  // A file rather than arguments, which every user of the machine could read in the process list.
  writeDurably(conf, configuration({ port, data, password, durable, settings }));

  const service = new Service({
    name: 'Redis',
    command: binaries.server,
    args: [conf],
    env: binaries.env,
    logFile: join(dir, 'logs', 'redis.log'),
    answers: async () =>
      /^\+PONG/m.test(
        String(
          await firstAnswer(port, `*2\r\n$4\r\nAUTH\r\n$${password.length}\r\n${password}\r\n*1\r\n$4\r\nPING\r\n`),
        ),
      ),
    startMs: 60_000,
    stopMs: 30_000,
    signal: options.signal,
    onSpawn: options.onSpawn,
    onDeath: options.onDeath,
  });
  try {
    await service.start();
  } catch (error) {
    // Redis is a convenience that the product refills by itself, so a broken file must not keep the product down.
    if (!/append only file|AOF/i.test(String(error))) throw error;
    const aside = `${data}.broken-${new Date().toISOString().replace(/[:.]/g, '')}`;
    log(`Redis cannot read its file; it starts empty, and the file is kept in ${aside}.`);
    renameSync(data, aside);
    mkdirSync(data, { mode: 0o700 });
    await service.start();
  }
  return Object.assign(service, { port, password, url: `redis://:${password}@127.0.0.1:${port}` });
}

/** @param {{ port: number, data: string, password: string, durable: boolean, settings: string[] }} options */
function configuration({ port, data, password, durable, settings }) {
  return [
    `port ${port}`,
    'bind 127.0.0.1',
    'protected-mode yes',
    `requirepass ${password}`,
    `dir "${data.replace(/(["\\])/g, '\\$1')}"`,
    'daemonize no',
    'save ""',
    `appendonly ${durable ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    'databases 64',
    ...settings,
    '',
  ].join('\n');
}

import { createConnection } from 'mysql2/promise';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Redis from 'ioredis';
import { startMariadb } from '../../scripts/lib/mariadb.mjs';
import { isAlive } from '../../scripts/lib/processes.mjs';
import { startRedis } from '../../scripts/lib/redis.mjs';
import { eventually, Place } from './support';

const MYSQL = { MYSQL_URL: 'mysql://someone@127.0.0.1:1/given' };

async function insert(url: string, ...values: number[]): Promise<void> {
  const connection = await createConnection(url);
  await connection.query('CREATE TABLE IF NOT EXISTS kept (value INT PRIMARY KEY)');
  for (const value of values) await connection.query('INSERT INTO kept VALUES (?)', [value]);
  connection.destroy();
}

async function kept(url: string): Promise<number[]> {
  const connection = await createConnection(url);
  const [rows] = await connection.query('SELECT value FROM kept ORDER BY value');
  await connection.end();
  return (rows as { value: number }[]).map((row) => row.value);
}

describe('after a crash', () => {
  let place: Place;
  beforeEach(() => (place = new Place()));
  afterEach(() => place.end());

  it('the guardian ends the application and the servers within 10 s of a SIGKILL of the launcher', async () => {
    const run = place.start();
    const { MYSQL_URL = '' } = await run.given();
    await insert(MYSQL_URL, 1, 2, 3);
    const before = place.processes();
    run.kill('SIGKILL');
    await run.exited;
    const gone = (): boolean => Object.values(before).every((one) => !isAlive(one));
    await eventually(() => 'every process of the killed launcher is gone', gone, 10_000);

    const next = place.start();
    const again = await next.given();
    expect(again.MYSQL_URL).toBe(MYSQL_URL);
    expect(await kept(MYSQL_URL)).toEqual([1, 2, 3]);
  });

  it('the next start stops what was left when the guardian was killed too, and serves the same data', async () => {
    const run = place.start();
    const { MYSQL_URL = '' } = await run.given();
    await insert(MYSQL_URL, 4, 5);
    const before = place.processes();
    process.kill(before.guardian.pid, 'SIGKILL');
    run.kill('SIGKILL');
    await run.exited;
    expect([before.mysql, before.redis, before.app].map(isAlive)).toEqual([true, true, true]);

    const next = place.start();
    const again = await next.given();
    expect(Object.values(before).filter(isAlive)).toEqual([]);
    expect(await kept(again.MYSQL_URL ?? '')).toEqual([4, 5]);
  });

  it('the guardian leaves alone what is not its own', async () => {
    const run = place.start(MYSQL);
    await run.given();
    const bystander = place.start({ ...MYSQL, DATA_DIR: join(place.dir, 'other') });
    await bystander.given();
    run.kill('SIGKILL');
    const { redis } = place.processes();
    await eventually(
      () => 'the redis of the killed launcher is gone',
      () => !isAlive(redis),
      10_000,
    );
    bystander.kill('SIGTERM');
    expect(await bystander.exited).toBe(0);
  });

  it('a private server that dies comes back on the same port, with every committed row', async () => {
    const run = place.start();
    const { MYSQL_URL = '', REDIS_URL = '' } = await run.given();
    await insert(MYSQL_URL, 6, 7);
    const { mysql, redis } = place.processes();
    process.kill(mysql.pid, 'SIGKILL');
    process.kill(redis.pid, 'SIGKILL');
    await run.says('server is back', 2);
    expect(await kept(MYSQL_URL)).toEqual([6, 7]);
    const client = new Redis(REDIS_URL);
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
    const after = place.processes();
    expect(after.mysql.pid).not.toBe(mysql.pid);
    run.kill('SIGINT');
    expect(await run.exited).toBe(0);
    expect(Object.values(after).filter(isAlive)).toEqual([]);
  });
});

describe('a private server in a test', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-servers-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('MariaDB keeps committed rows over kill and restart, is closed to others, and may be given CREATE DATABASE', async () => {
    const deaths: unknown[] = [];
    const server = await startMariadb({ dir, mayCreateDatabases: true, onDeath: (...how) => deaths.push(how) });
    try {
      await insert(server.url, 1, 2);
      await server.kill();
      await server.restart();
      expect(await kept(server.url)).toEqual([1, 2]);
      expect(deaths).toEqual([]);
      const connection = await createConnection(server.url);
      await connection.query('CREATE DATABASE another');
      await connection.end();
      const stranger = createConnection({ host: '127.0.0.1', port: server.port, user: 'root' });
      await expect(stranger).rejects.toThrow('Access denied');
    } finally {
      await server.stop();
    }
    expect(isAlive(server.identity)).toBe(false);
  });

  it('Redis keeps what was synced over a restart, and asks for its password', async () => {
    const server = await startRedis({ dir });
    const client = new Redis(server.url, { maxRetriesPerRequest: 2 });
    client.on('error', () => {});
    await client.set('key', 'value');
    await server.restart();
    expect(await client.get('key')).toBe('value');
    client.disconnect();
    const stranger = new Redis(server.port, '127.0.0.1', { retryStrategy: () => null });
    stranger.on('error', () => {});
    await expect(stranger.get('key')).rejects.toThrow('NOAUTH');
    stranger.disconnect();
    await server.stop();
  });

  it('Redis starts empty, and says so, rather than not at all when its file is broken', async () => {
    const server = await startRedis({ dir });
    const client = new Redis(server.url);
    for (let n = 0; n < 50; n++) await client.set(`key ${n}`, 'value');
    client.disconnect();
    await server.stop();
    const files = join(dir, 'redis', 'appendonlydir');
    const log = readdirSync(files).find((name) => name.endsWith('.incr.aof')) ?? '';
    writeFileSync(join(files, log), readFileSync(join(files, log), 'utf8').replace('key 20', 'key'));

    const said: string[] = [];
    const again = await startRedis({ dir, log: (line) => said.push(line) });
    const reader = new Redis(again.url);
    expect(await reader.dbsize()).toBe(0);
    reader.disconnect();
    await again.stop();
    expect(said.join()).toContain('starts empty');
    expect(readdirSync(dir).some((name) => name.startsWith('redis.broken-'))).toBe(true);
  });
});

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, sleep, type Identity } from '../../scripts/lib/processes.mjs';
import { fixture, Place } from './support';

/** Enough of a database for a launcher that need not start one: it never connects itself. */
const MYSQL = { MYSQL_URL: 'mysql://someone@127.0.0.1:1/given' };
const REDIS = { REDIS_URL: 'redis://127.0.0.1:1' };

describe('npm start', () => {
  let place: Place;
  beforeEach(() => (place = new Place()));
  afterEach(() => place.end());

  const mode = (name: string): string => (statSync(join(place.dir, name)).mode & 0o777).toString(8);
  const alive = (ones: Record<string, Identity>): string[] => Object.keys(ones).filter((name) => isAlive(ones[name]));

  it('gives the application private servers and a kept key, and stops all of it on Ctrl-C without an orphan', async () => {
    const first = place.start();
    const given = await first.given();
    expect(given.MYSQL_URL).toMatch(/^mysql:\/\/parley:\w{48}@127\.0\.0\.1:\d+\/parley$/);
    expect(given.REDIS_URL).toMatch(/^redis:\/\/:\w{48}@127\.0\.0\.1:\d+$/);
    expect(given).toMatchObject({ DATA_DIR: place.dir, PARLEY_EMBEDDED: '1' });
    expect(Buffer.from(given.ENCRYPTION_KEY ?? '', 'base64')).toHaveLength(32);
    expect(readFileSync(join(place.dir, 'encryption.key'), 'utf8').trim()).toBe(given.ENCRYPTION_KEY);
    const secrets = ['encryption.key', 'mysql.password', 'redis.password', 'mysql.init.sql', 'redis.conf'];
    expect(secrets.map(mode)).toEqual(secrets.map(() => '600'));
    expect(['mysql', 'redis', 'logs'].map(mode)).toEqual(['700', '700', '700']);

    const processes = place.processes();
    expect(alive(processes).sort()).toEqual(['app', 'guardian', 'mysql', 'redis']);
    // The terminal and npm both deliver a Ctrl-C.
    first.kill('SIGINT');
    await sleep(50);
    first.kill('SIGINT');
    expect(await first.exited).toBe(0);
    expect(first.output.match(/got SIGINT/g)).toHaveLength(1);
    expect(alive(processes)).toEqual([]);
    expect(existsSync(join(place.dir, 'launcher.lock'))).toBe(false);

    const second = place.start();
    expect(await second.given()).toEqual({ ...given, pid: expect.any(Number) });
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);

    rmSync(join(place.dir, 'encryption.key'));
    const third = place.start();
    expect(await third.exited).toBe(1);
    expect(third.output).toContain('encryption.key is missing');
  });

  it('refuses a second start on one directory by name, saying who holds it and what to do', async () => {
    const first = place.start({ ...MYSQL, ...REDIS });
    await first.given();
    const second = place.start({ ...MYSQL, ...REDIS });
    expect(await second.exited).toBe(1);
    expect(second.output).toContain(`already running on ${place.dir} (process ${first.pid})`);
    expect(second.output).toContain(`kill ${first.pid}`);
    expect(second.output).toContain('DATA_DIR=');
    expect(isAlive(place.processes().app)).toBe(true);
  });

  it('starts nothing private for servers that are given by URL', async () => {
    const run = place.start({ ...MYSQL, ...REDIS, PARLEY_EMBEDDED: '1' });
    const given = await run.given();
    expect(given).toMatchObject({ ...MYSQL, ...REDIS });
    expect(given.PARLEY_EMBEDDED).toBeUndefined();
    expect(given.ENCRYPTION_KEY).toBeUndefined();
    expect(Object.keys(place.processes()).sort()).toEqual(['app', 'guardian']);
  });

  it('starts only the server that is not given', async () => {
    const run = place.start(MYSQL);
    expect((await run.given()).MYSQL_URL).toBe(MYSQL.MYSQL_URL);
    expect(Object.keys(place.processes()).sort()).toEqual(['app', 'guardian', 'redis']);
  });

  it('starts an application again that served and crashed, and keeps the servers up meanwhile', async () => {
    const run = place.start({ ...MYSQL, STAND_IN: 'crash' });
    await run.given();
    const { redis } = place.processes();
    await run.says('The application ended unexpectedly (SIGABRT)', 3);
    await run.says('up {', 3);
    expect(place.processes().redis).toEqual(redis);
    expect(isAlive(redis)).toBe(true);
    run.kill('SIGTERM');
    await run.exited;
    expect(isAlive(redis)).toBe(false);
  });

  it.each<[string, (dir: string) => string, RegExp]>([
    ['a file', (dir) => join(dir, 'file'), /^The data directory \S+ is a file, not a directory/m],
    [
      'below a file',
      (dir) => join(dir, 'file', 'data'),
      /^The data directory \S+ is not a directory, or is below a file/m,
    ],
    [
      'in /proc, where Node tries for ever to make it',
      () => '/proc/nothing/below',
      /^The data directory \S+ cannot be made/m,
    ],
    ['in a place that takes no files', () => '/sys/parley', /^The data directory \/sys\/parley .*\(E\w+\)/m],
  ])('says in a sentence that DATA_DIR is %s', async (_, path, sentence) => {
    writeFileSync(join(place.dir, 'file'), '');
    const run = place.start({ ...MYSQL, ...REDIS, DATA_DIR: path(place.dir) });
    expect(await run.exited).toBe(1);
    expect(run.output).toMatch(sentence);
    expect(run.output).toContain('DATA_DIR=/another/place npm start');
    expect(run.output).not.toMatch(/^\s+at /m);
  });

  it('ends with the exit code of an application that never came up, and stops the rest', async () => {
    const run = place.start({ ...MYSQL, STAND_IN: 'exit 7' });
    await run.given();
    const processes = place.processes();
    expect(await run.exited).toBe(7);
    expect(alive(processes)).toEqual([]);
  });

  it('forces an application that does not end, on the second Ctrl-C of a human', async () => {
    const run = place.start({ ...MYSQL, STAND_IN: 'stubborn' });
    await run.given();
    const processes = place.processes();
    run.kill('SIGINT');
    await run.says('got SIGINT');
    await sleep(800);
    run.kill('SIGINT');
    expect(await run.exited).toBe(130);
    expect(alive(processes)).toEqual([]);
  });

  it('stops when the npm that ran it was killed, and the next start waits for that instead of being refused', async () => {
    const npm = place.run([fixture('parent.mjs'), fixture('start.mjs')], { ...MYSQL, npm_lifecycle_event: 'start' });
    await npm.given();
    const before = place.processes();
    npm.kill('SIGKILL');
    await npm.exited;
    const next = place.start(MYSQL);
    await next.given();
    expect(alive(before)).toEqual([]);
    expect(Object.keys(place.processes()).sort()).toEqual(['app', 'guardian', 'redis']);
  });
});

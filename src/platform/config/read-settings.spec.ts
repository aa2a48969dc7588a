import 'reflect-metadata';
import { readSettings } from './read-settings';

const KEY = Buffer.alloc(32, 7).toString('base64');
const GOOD = { MYSQL_URL: 'mysql://u:p@127.0.0.1/x', REDIS_URL: 'redis://127.0.0.1', ENCRYPTION_KEY: KEY };

const problemsOf = (env: NodeJS.ProcessEnv): string[] => {
  try {
    readSettings({ ...GOOD, ...env });
    return [];
  } catch (error) {
    return String((error as Error).message)
      .split('\n')
      .filter((line) => line.startsWith('  - '))
      .map((line) => line.slice(4));
  }
};

describe('the settings', () => {
  it('are read from their variables; what is empty keeps its default', () => {
    const settings = readSettings({ ...GOOD, PORT: '4000', DOCS: 'false', LIMIT_TEXT_BYTES: '99', WORK_LEASE_MS: '' });
    expect(settings.http).toMatchObject({ port: 4000, docs: false, host: '127.0.0.1' });
    expect(settings.limits.textBytes).toBe(99);
    expect(settings.work.leaseMs).toBe(30_000);
  });

  it('both transports may be asked for by one word', () => {
    const { http } = readSettings({ ...GOOD, SOCKET_TRANSPORTS: 'both' });
    expect(http.socketTransports).toEqual(readSettings(GOOD).http.socketTransports);
  });

  it('that are wrong are all listed, by the names of their variables', () => {
    const env = { PORT: 'abc', LOG_LEVEL: 'loud', LIMIT_TEXT_BYTES: '0', REALTIME_DRAIN_MS: 'x', MYSQL_POOL_SIZE: '1' };
    expect(problemsOf({ ...env, ENCRYPTION_KEY: 'short', ENDPOINTS: 'nowhere' }).sort()).toEqual([
      expect.stringMatching(/^ENCRYPTION_KEY must be 32 random bytes/),
      'LIMIT_TEXT_BYTES must not be less than 1',
      expect.stringMatching(/^LOG_LEVEL must be one of/),
      'MYSQL_POOL_SIZE must not be less than 2',
      'PORT must be an integer number',
      'REALTIME_DRAIN_MS must be an integer number',
      'each value in ENDPOINTS must be a URL address',
    ]);
  });

  it.each([
    ['MYSQL_URL', 'mysql://u:100%@h/x', 'has a % that begins no escape: write % as %25'],
    ['MYSQL_URL', 'mysql://u:a/b@h:3306/x', 'is not a URL; characters such as / ? # @ : in the user or password'],
    ['MYSQL_URL', 'mysql://u:p@h', 'names no database'],
    ['MYSQL_URL', 'postgres://u:p@h/x', 'must look like mysql://user:password@host:3306/database'],
    ['REDIS_URL', 'redis://:50%off@h', 'has a % that begins no escape: write % as %25'],
    ['REDIS_URL', 'h:6379', 'must look like redis://host:6379'],
  ])('%s=%s is answered with how to write it, without its password', (variable, url, sentence) => {
    expect(problemsOf({ [variable]: url })).toEqual([expect.stringContaining(`${variable} ${sentence}`)]);
    expect(problemsOf({ [variable]: url }).join()).not.toContain('100%');
  });

  it('take passwords in which such characters are escaped', () =>
    expect(problemsOf({ MYSQL_URL: 'mysql://u:100%25%2F%40@h/x', REDIS_URL: 'rediss://:50%25@h' })).toEqual([]));
});

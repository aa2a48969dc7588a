import { existsSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import { Place, type Run } from './support';

const ROOT = join(__dirname, '../..');
const GIVEN = { MYSQL_URL: 'mysql://someone@127.0.0.1:1/given', REDIS_URL: 'redis://127.0.0.1:1' };
const KEY = { ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') };

describe('what is wrong around npm start', () => {
  let place: Place;
  let server: Server | undefined;
  beforeAll(() => ensureBuild({ root: ROOT, log: () => undefined }), 300_000);
  beforeEach(() => (place = new Place()));
  afterEach(async () => {
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    await place.end();
  });

  const start = (env: Record<string, string>): Run => place.run([join(ROOT, 'scripts/start.mjs')], env);
  const taken = async (): Promise<string> => {
    const holder = (server = createServer());
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    return String((holder.address() as AddressInfo).port);
  };
  /** Nothing of a private server but what is made before one is started. */
  const nothingStarted = (): void => expect(existsSync(join(place.dir, 'mysql.port'))).toBe(false);
  const inSentences = async (run: Run, code: number): Promise<string> => {
    expect([await run.exited, run.output]).toEqual([code, run.output]);
    expect(run.output).not.toMatch(/^\s+at /m);
    return run.output;
  };

  it.each(['PORT', 'METRICS_PORT'])('a %s that is taken is told before any server is started', async (variable) => {
    const port = await taken();
    const output = await inSentences(start({ PORT: '0', [variable]: port }), 1);
    expect(output).toContain(`Port ${port} is in use`);
    expect(output).not.toContain('private servers');
    nothingStarted();
  });

  it('a worker with a METRICS_PORT does not need PORT', async () => {
    const port = await taken();
    const output = await inSentences(
      start({ ...GIVEN, ROLE: 'worker', PORT: port, METRICS_PORT: '1', LOG_LEVEL: 'x' }),
      1,
    );
    expect(output).not.toContain('is in use');
  });

  it('wrong settings are all listed, and private servers are not waited for', async () => {
    const output = await inSentences(start({ LOG_LEVEL: 'loud', LIMIT_TEXT_BYTES: '0', PORT: '0' }), 1);
    expect(output).toContain('LOG_LEVEL must be one of');
    expect(output).toContain('LIMIT_TEXT_BYTES must not be less than 1');
    expect(output).not.toMatch(/MYSQL_URL|REDIS_URL|ENCRYPTION_KEY/);
  });

  const STORES = [
    ['MYSQL_URL', 'mysql://root:pa%ss@127.0.0.1:1/x'],
    ['MYSQL_URL', 'mysql://root:100%@127.0.0.1:1/x'],
    ['REDIS_URL', 'redis://:pa%ss@127.0.0.1:1'],
  ];
  it.each(STORES)('npm start says of %s=%s how to write it', async (variable, url) => {
    const output = await inSentences(start({ ...GIVEN, ...KEY, [variable]: url, PORT: '0' }), 1);
    expect(output).toContain(`${variable} has a % that begins no escape: write % as %25`);
    expect(output).not.toContain(url);
  });

  it.each(STORES)('the program alone, as in a container, says of %s=%s how to write it', async (variable, url) => {
    const main = join(ROOT, 'dist/src/main.js');
    const output = await inSentences(place.run([main], { ...GIVEN, ...KEY, [variable]: url, PORT: '0' }), 2);
    expect(output).toContain(`${variable} has a % that begins no escape: write % as %25`);
  });

  it('the migration CLI says of MYSQL_URL how to write it', async () => {
    const cli = [join(ROOT, 'node_modules/typeorm/cli.js'), '-d', join(ROOT, 'dist/ormconfig.js'), 'migration:show'];
    const output = await inSentences(place.run(cli, { MYSQL_URL: 'mysql://root:pa%ss@127.0.0.1:1/x' }), 2);
    expect(output).toContain('MYSQL_URL has a % that begins no escape: write % as %25');
  });
});

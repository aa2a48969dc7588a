import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ensureBinaries } from '../../scripts/lib/binaries.mjs';
import { ensureBuild } from '../../scripts/lib/build.mjs';
import { ensurePackages } from '../../scripts/lib/packages.mjs';

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'parley-setup-'))));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const write = (path: string, text: string): string => {
  const whole = join(dir, path);
  mkdirSync(dirname(whole), { recursive: true });
  writeFileSync(whole, text);
  return whole;
};
const read = (path: string): string => (existsSync(join(dir, path)) ? readFileSync(join(dir, path), 'utf8') : '');
const script = (path: string, body: string): void => chmodSync(write(path, `#!/bin/sh\n${body}\n`), 0o755);
const calls = (): string[] => read('calls').trim().split('\n').filter(Boolean);
const log = (): void => {};

describe('packages', () => {
  const lock = (version: string): string =>
    JSON.stringify({
      packages: { '': {}, 'node_modules/a': { version }, 'node_modules/b': { version: '1', optional: true } },
    });
  /** npm's place is taken by a script that notes its arguments and installs what the lock file says. */
  const env = (): NodeJS.ProcessEnv => ({
    ...process.env,
    NODE_ENV: 'production',
    npm_execpath: write(
      'npm.js',
      `const fs = require('fs');
       fs.appendFileSync('calls', process.argv.slice(2).join(' ') + '\\n');
       fs.rmSync('node_modules', { recursive: true, force: true });
       fs.mkdirSync('node_modules');
       fs.copyFileSync('package-lock.json', 'node_modules/.package-lock.json');
       process.exit(fs.existsSync('offline') ? 1 : 0);`,
    ),
  });
  const install = (): Promise<boolean> => ensurePackages({ root: dir, log, env: env() });

  it('are installed with the build tools even in production, once, and again when the lock file changed', async () => {
    write('package-lock.json', lock('1'));
    expect([await install(), await install()]).toEqual([true, false]);
    write('package-lock.json', lock('2'));
    expect([await install(), await install()]).toEqual([true, false]);
    expect(calls()).toEqual(Array(2).fill('ci --include=dev --no-audit --no-fund --loglevel=error'));
  });

  it('are left alone when someone installed the same by hand', async () => {
    write('package-lock.json', lock('3'));
    write('node_modules/.package-lock.json', JSON.stringify({ packages: { 'node_modules/a': { version: '3' } } }));
    expect(await install()).toBe(false);
  });

  it('are tried again after an install that failed, which is told with what to do', async () => {
    write('package-lock.json', lock('1'));
    write('offline', '');
    await expect(install()).rejects.toThrow(/npm ci .* failed[\s\S]*npm config set registry/);
    rmSync(join(dir, 'offline'));
    // Even though npm's own record looks complete now: it is npm that says when it is.
    rmSync(join(dir, 'node_modules'), { recursive: true });
    expect(await install()).toBe(true);
  });

  it('are installed once when two commands come in the same moment', async () => {
    write('package-lock.json', lock('1'));
    expect((await Promise.all([install(), install()])).sort()).toEqual([false, true]);
  });
});

describe('the build', () => {
  it('happens only when a source that goes into it changed, and again after a failure', async () => {
    write('src/main.ts', 'one');
    write(
      'node_modules/@nestjs/cli/bin/nest.js',
      `const fs = require('fs'); fs.rmSync('dist', { recursive: true, force: true });
       fs.mkdirSync('dist/src', { recursive: true }); fs.writeFileSync('dist/src/main.js', '');
       process.exit(fs.readFileSync('src/main.ts', 'utf8') === 'broken' ? 1 : 0);`,
    );
    const build = (): Promise<boolean> => ensureBuild({ root: dir, log });
    expect([await build(), await build()]).toEqual([true, false]);
    write('src/main.spec.ts', 'a test is not part of the build');
    expect(await build()).toBe(false);
    write('src/main.ts', 'broken');
    await expect(build()).rejects.toThrow('The build failed');
    await expect(build()).rejects.toThrow('The build failed');
    write('src/main.ts', 'two');
    expect([await build(), await build()]).toEqual([true, false]);
  });
});

describe('server programs that are absent', () => {
  const ensure = (uid: number): Promise<unknown> =>
    ensureBinaries({
      needs: ['database', 'redis'],
      dataDir: join(dir, 'data'),
      log,
      uid,
      searchPath: [join(dir, 'system')],
      toolPath: [join(dir, 'tools')],
    });
  /** Installing makes the programs appear where the system keeps them. */
  const aptGet = (): void =>
    script(
      'tools/apt-get',
      `echo "$DEBIAN_FRONTEND $*" >> ${dir}/calls
       [ "$1" = install ] || exit 0
       mkdir -p ${dir}/system; cd ${dir}/system
       for name in mariadbd mariadb-install-db my_print_defaults redis-server; do
         printf '#!/bin/sh\\necho mariadbd 10.11-MariaDB\\n' > $name; chmod +x $name
       done`,
    );

  it('are installed by root through the package manager, which asks no question', async () => {
    aptGet();
    expect(await ensure(0)).toMatchObject({ database: { flavor: 'mariadb' }, redis: {} });
    expect(calls()).toEqual([
      'noninteractive update -qq',
      'noninteractive install -y -qq --no-install-recommends mariadb-server-core mariadb-client-core redis-server',
    ]);
    expect(await ensure(0)).toHaveProperty('redis');
    expect(calls()).toHaveLength(2);
  });

  it('are installed through sudo by those whom it does not ask for a password', async () => {
    aptGet();
    script('tools/sudo', `echo "sudo $1" >> ${dir}/calls; shift; exec "$@"`);
    expect(await ensure(1000)).toHaveProperty('redis');
    expect(calls().filter((line) => line.startsWith('sudo'))).toEqual(['sudo -n', 'sudo -n', 'sudo -n']);
  });

  it('lead to one message with every alternative, in English and Chinese, where nothing can be installed', async () => {
    const failure: Error = await ensure(1000).then(
      () => Promise.reject(new Error('it was found')),
      (error: Error) => error,
    );
    for (const part of ['sudo apt install -y mariadb-server-core', 'dnf install', 'brew install mariadb redis'])
      expect(failure.message).toContain(part);
    for (const part of ['MYSQL_URL=', 'REDIS_URL=', 'docker compose up', '本机缺少'])
      expect(failure.message).toContain(part);
  });
});

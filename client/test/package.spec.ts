import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const CLIENT = join(__dirname, '..');
const ROOT = join(CLIENT, '..');

const CONSUMER = `
import { ParleyClient, ParleyError, webStorage, type ServerEvents, type WireMessage } from '@parley/client';
import { fileStorage } from '@parley/client/node';

const client = new ParleyClient({
  url: 'http://localhost',
  login: { token: () => Promise.resolve('t') },
  device: { id: 'd', platform: 'web' },
  storage: fileStorage('x'),
});
export const browser = webStorage(localStorage);
export const seqs: number[] = [];
client.on('message', (message: WireMessage) => seqs.push(message.seq ?? 0));
export const kinds: ServerEvents['receipt']['kind'][] = [];
client.on('receipt', ({ kind }) => kinds.push(kind));
export const failed = (thrown: unknown) => thrown instanceof ParleyError && thrown.code === 'BUSY';
// @ts-expect-error: the catalogue knows no such event
client.on('nonsense', () => undefined);
// @ts-expect-error: a mark needs its seq
void client.call('message:received', { conversationId: 'user:a:b' });
`;

describe('the published package', () => {
  let app: string;
  let dist: string;

  const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: app, encoding: 'utf8' }).trim();

  beforeAll(() => {
    app = mkdtempSync(join(tmpdir(), 'parley-consumer-'));
    const home = join(app, 'node_modules/@parley/client');
    dist = join(home, 'dist');
    mkdirSync(home, { recursive: true });
    cpSync(join(CLIENT, 'package.json'), join(home, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules/socket.io-client'), join(app, 'node_modules/socket.io-client'));
    execFileSync(process.execPath, [join(CLIENT, 'build.mjs'), dist], { encoding: 'utf8' });
  }, 180_000);

  afterAll(() => rmSync(app, { recursive: true, force: true }));

  it('is required by CommonJS and imported by ES modules', () => {
    const names = ['ParleyClient', 'function'].join(' ');
    expect(node('-e', "const c = require('@parley/client'); console.log('ParleyClient', typeof c.ParleyClient)")).toBe(
      names,
    );
    const esm = "import { ParleyClient } from '@parley/client'; console.log('ParleyClient', typeof ParleyClient)";
    expect(node('--input-type=module', '-e', esm)).toBe(names);
    const files = "import { fileStorage } from '@parley/client/node'; console.log(typeof fileStorage)";
    expect(node('--input-type=module', '-e', files)).toBe('function');
  });

  it('needs nothing of Node in a browser, and no package but socket.io-client', () => {
    const bare = new Set<string>();
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      expect(text).not.toMatch(/\b(process|Buffer|__dirname|require)\b\s*[.(]/);
      for (const [, specifier = ''] of text.matchAll(/\b(?:from|import) ?\(?['"]([^'"]+)['"]/g)) {
        if (specifier.startsWith('.')) visit(join(dirname(file), specifier));
        else bare.add(specifier);
      }
    };
    visit(join(dist, 'esm/index.js'));

    expect(seen.size).toBeGreaterThan(10);
    expect([...bare]).toEqual(['socket.io-client']);
  });

  it('brings its types, the event catalogue among them, to both kinds of modules', () => {
    const compilerOptions = { noEmit: true, strict: true, module: 'nodenext', target: 'es2022', types: [] };
    const files = ['consumer.mts', 'consumer.cts'];
    for (const file of files) writeFileSync(join(app, file), CONSUMER);
    writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));

    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, 'node_modules/typescript/lib/tsc.js')], {
      cwd: app,
      encoding: 'utf8',
    });

    expect(stdout).toBe('');
    expect(status).toBe(0);
  }, 180_000);
});

import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';
import { StoreSettings } from '../../src/platform/config/settings';

const ROOT = join(__dirname, '../..');
const linesOf = (file: string): string[] => readFileSync(join(ROOT, file), 'utf8').split('\n');

describe('the image', () => {
  it('runs the server with the arguments that npm start gives it', () => {
    const text = linesOf('Dockerfile').join('\n');
    const command = /^CMD (\[.*\])$/m.exec(text.slice(text.indexOf('STOPSIGNAL')));
    expect(JSON.parse(command?.[1] ?? '[]')).toEqual(['node', ...SERVER_ARGS, 'dist/src/main.js']);
  });

  it.each([
    ['an api node', { PORT: 'good' }],
    ['a worker', { ROLE: 'worker', PORT: 'good' }],
    ['a worker whose metrics have a port of their own', { ROLE: 'worker', PORT: 'bad', METRICS_PORT: 'good' }],
    ['an api node whose metrics have one', { ROLE: 'api', PORT: 'good', METRICS_PORT: 'bad' }],
    ['a worker whose metrics have none', { ROLE: 'worker', PORT: 'good', METRICS_PORT: '0' }],
  ])('finds %s well where it listens', async (_, env: Record<string, string>) => {
    const [, command = '[]'] = /HEALTHCHECK .*\\\n +CMD (\[.*\])/.exec(linesOf('Dockerfile').join('\n')) ?? [];
    const [node, ...args] = JSON.parse(command) as string[];
    expect(node).toBe('node');
    const server = createServer((request, response) => response.end(request.url));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const ports: Record<string, string> = { good: String((server.address() as AddressInfo).port), bad: '1' };
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, ports[value] ?? value]));
    const asked = spawn(process.execPath, args, { env: given, stdio: 'ignore' });
    expect(await new Promise((resolve) => asked.once('exit', resolve))).toBe(0);
    server.close();
  });

  it('is built from files that are there and are let through to it', () => {
    const copied = linesOf('Dockerfile').flatMap((line) => {
      const [instruction, ...paths] = line.trim().split(/\s+/);
      return instruction === 'COPY' && !paths[0]?.startsWith('--from') ? paths.slice(0, -1) : [];
    });
    const letThrough = linesOf('.dockerignore').flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    expect(letThrough.sort()).toEqual(copied.sort());
  });
});

describe('docker compose', () => {
  /** The lines of one service of docker-compose.yml. */
  const service = (name: string): string => {
    const [, text = ''] =
      new RegExp(`^  ${name}:\\n((?:    .*\\n|\\n)*)`, 'm').exec(linesOf('docker-compose.yml').join('\n')) ?? [];
    return text;
  };

  it('waits, as the launcher does, longer than the application lets a stop take', () => {
    const ms = (file: string, name: string): number =>
      Number(new RegExp(`\\b${name} = ([\\d_]+)`).exec(linesOf(file).join('\n'))?.[1]?.replaceAll('_', ''));
    const patience = ms('src/main.ts', 'STOP_PATIENCE_MS');
    expect(ms('scripts/lib/launcher.mjs', 'DRAIN_MS')).toBeGreaterThan(patience);
    const app = linesOf('docker-compose.yml').join('\n');
    const [, seconds] = /x-app: &app\n(?: {2}.*\n)*? {2}stop_grace_period: (\d+)s/.exec(app) ?? [];
    expect(Number(seconds) * 1000).toBeGreaterThan(patience);
  });

  it('hands every setting of .env to the application, and its own only where the containers depend on each other', () => {
    for (const name of ['api', 'worker']) expect(service(name)).toContain('env_file: .env');
    const fixed = /x-settings: &settings\n((?: {2}.*\n)*)/.exec(linesOf('docker-compose.yml').join('\n'))?.[1] ?? '';
    const names = [...fixed.matchAll(/^ {2}([A-Z_]+):/gm)].map(([, name]) => name).sort();
    expect(names).toEqual(['DATA_DIR', 'ENCRYPTION_KEY', 'HOST', 'MYSQL_URL', 'OPERATOR_TOKEN', 'PORT', 'REDIS_URL']);
  });

  it('scales api nodes: only the proxy has a port of this machine', () => {
    expect(service('proxy')).toMatch(/ports: \['\$\{LISTEN:-127\.0\.0\.1:3000\}:8080'\]/);
    for (const name of ['api', 'worker', 'mysql', 'redis']) expect(service(name)).not.toContain('ports:');
    const proxy = linesOf('docker/haproxy.cfg').join('\n');
    expect(proxy).toMatch(/bind :8080/);
    expect(proxy).toMatch(/server-template api 1-20 api:3000/);
    // Hashing keeps clients where they are only while most of the nodes stay (proxy.spec.ts runs it).
    expect(proxy).toMatch(/hash-type consistent/);
  });

  it('lets as many nodes as the proxy finds have their connections', () => {
    const [, nodes] = /server-template api 1-(\d+)/.exec(linesOf('docker/haproxy.cfg').join('\n')) ?? [];
    const [, connections] = /--max-connections=(\d+)/.exec(service('mysql')) ?? [];
    const workers = 1;
    expect(Number(connections)).toBeGreaterThan((Number(nodes) + workers) * new StoreSettings().poolSize);
    const [, sockets] = /maxconn (\d+)/.exec(linesOf('docker/haproxy.cfg').join('\n')) ?? [];
    const [, files] = /nofile: \{ soft: (\d+)/.exec(service('proxy')) ?? [];
    expect(Number(files)).toBeGreaterThan(2 * Number(sockets));
  });
});

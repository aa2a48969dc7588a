import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/lib/network.mjs';
import { Connections } from '../../src/platform/realtime/connections';
import { anApp, aSession, aUser, type TestApp } from '../support/builders';
import { eventually } from '../support/eventually';
import { OPERATOR_TOKEN, startParley, type Parley } from '../support/harness';
import { http, ok } from '../support/http';
import { aText } from '../support/messages';
import { connect, type Device } from '../support/socket';

jest.setTimeout(60_000);

const CONFIG = join(__dirname, '../../docker/haproxy.cfg');
const isInstalled = spawnSync('haproxy', ['-v']).status === 0;
const WAYS: [string, ('polling' | 'websocket')[]][] = [
  ['by polling', ['polling']],
  ['by websocket', ['websocket']],
  ['by polling with an upgrade', ['polling', 'websocket']],
];
const describeWithProxy = isInstalled ? describe : describe.skip;

/** HAProxy with docker/haproxy.cfg, in which nothing but the addresses differs: its own, and those of the nodes. */
class Proxy {
  private readonly dir = mkdtempSync(join(tmpdir(), 'parley-proxy-'));
  private readonly child: ChildProcess;
  private output = '';

  private constructor(
    readonly port: number,
    nodes: readonly string[],
  ) {
    const servers = nodes.map((node, index) => `server api${index + 1} ${new URL(node).host}`);
    const config = [
      ['bind :8080', `bind 127.0.0.1:${port}`],
      [' resolvers docker init-addr none', ''],
      ['server-template api 1-20 api:3000', servers.join('\n  ')],
    ].reduce(
      (text, [from = '', to = '']) => {
        if (!text.includes(from)) throw new Error(`docker/haproxy.cfg has no "${from}" any more`);
        return text.replace(from, to);
      },
      readFileSync(CONFIG, 'utf8'),
    );
    const path = join(this.dir, 'haproxy.cfg');
    writeFileSync(path, config);
    // `-n`: as many connections as a test may open files for.
    this.child = spawn('haproxy', ['-db', '-n', '500', '-f', path], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  static async before(nodes: readonly string[]): Promise<Proxy> {
    const proxy = new Proxy(await freePort(), nodes);
    const isThere = async () => (await fetch(`${proxy.url}/health/live`)).ok;
    await eventually('the proxy has found a node', isThere).catch(async (error: unknown) => {
      await proxy.end();
      throw new Error(`HAProxy says:\n${proxy.output}`, { cause: error });
    });
    return proxy;
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    if (this.child.exitCode === null && this.child.kill('SIGKILL')) await ended;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

describe('docker/haproxy.cfg', () => {
  if (!isInstalled) it.todo('is checked and run by HAProxy: haproxy is not installed on this machine');
});

describeWithProxy('docker/haproxy.cfg', () => {
  it('is right as HAProxy reads it', () => {
    const { status, stderr } = spawnSync('haproxy', ['-c', '-f', CONFIG], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.not.stringContaining('[ALERT]') });
  });

  describe('in front of two nodes', () => {
    let nodes: Parley[];
    let proxy: Proxy;
    let app: TestApp;
    const devices: Device[] = [];

    beforeAll(async () => {
      const first = await startParley({ TRUST_PROXY: '1' });
      nodes = [first, await first.another()];
      proxy = await Proxy.before(nodes.map(({ url }) => url));
      app = await anApp({ url: proxy.url, api: http(proxy.url) });
    });
    afterAll(async () => {
      for (const device of devices) device.close();
      await proxy?.end();
      for (const node of nodes ?? []) await node.stop();
    });

    const connections = (): number[] => nodes.map(({ app: node }) => node.get(Connections, { strict: false }).count);

    it.each(WAYS)('keeps each client on one of them %s', async (_, transports) => {
      const before = connections();
      const users = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => {
          const session = await aSession(await aUser(app));
          const extraHeaders = { 'x-forwarded-for': `203.0.113.${index + 1}` };
          const device = await connect(proxy.url, session.token, {}, { transports, extraHeaders });
          devices.push(device);
          return { userId: session.user.userId, device };
        }),
      );
      for (const [index, { device }] of users.entries()) {
        const { userId, device: hearer } = users[(index + 1) % users.length] ?? { userId: '', device };
        await device.tell('message:send', aText(userId, `from ${index}`));
        await hearer.next('message:new', ({ body }) => (body as { text: string }).text === `from ${index}`);
      }
      if (transports.length === 2) {
        const isUpgraded = ({ device }: { device: Device }) => device.socket.io.engine.transport.name === 'websocket';
        await eventually('all are upgraded', () => users.every(isUpgraded));
      }
      const gained = connections().map((count, index) => count - (before[index] ?? 0));
      expect(gained.reduce((sum, count) => sum + count, 0)).toBe(users.length);
      // By their addresses they are not all on the same one.
      expect(Math.min(...gained)).toBeGreaterThan(0);
    });

    it('shows metrics to nobody, the operator included', async () => {
      const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` };
      expect((await fetch(`${nodes[0]?.url}/metrics`, { headers })).status).toBe(200);
      for (const path of ['/metrics', '/metrics?x=1', '/%6Detrics', '/metrics/', '/metrics%3Fx', '/%2Fmetrics']) {
        const answer = await fetch(proxy.url + path, { headers });
        expect([path, answer.status]).toEqual([path, 404]);
        expect(await answer.json()).toMatchObject({ error: { code: 'ROUTE_NOT_FOUND' } });
      }
    });

    it('goes on with the other one when one stops', async () => {
      await nodes[1]?.stop();
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          app.parley.api.as(app.credential).get('/v1/users', { 'x-forwarded-for': `203.0.113.${index + 1}` }),
        ),
      );
      for (const { status, body } of answers) {
        if (status !== 200) expect([status, body.error?.code]).toEqual([expect.any(Number), 'RETRY']);
      }
      await eventually('everybody is served', async () => {
        for (let index = 1; index <= 16; index++)
          await ok(app.api.get('/v1/users', { 'x-forwarded-for': `203.0.113.${index}` }));
        return true;
      });
    });
  });

  describe('in front of anything', () => {
    let node: Server;
    let proxy: Proxy;
    beforeAll(async () => {
      node = createServer((request, response) => response.end(JSON.stringify(request.headers)));
      await new Promise<void>((resolve) => node.listen(0, '127.0.0.1', resolve));
      proxy = await Proxy.before([`http://127.0.0.1:${(node.address() as AddressInfo).port}`]);
    });
    afterAll(async () => {
      await proxy?.end();
      node?.close();
    });

    it('writes whom it saw behind what others wrote of the client', async () => {
      const seen = async (headers: Record<string, string>) => (await fetch(`${proxy.url}/v1/x`, { headers })).json();
      expect(await seen({})).toMatchObject({ 'x-forwarded-for': '127.0.0.1' });
      expect(await seen({ 'x-forwarded-for': '198.51.100.7' })).toMatchObject({
        'x-forwarded-for': '198.51.100.7, 127.0.0.1',
      });
    });

    it('answers in the shape of all failures where nobody is ready', async () => {
      node.closeAllConnections();
      await new Promise((resolve) => node.close(resolve));
      const answer = await eventually('the proxy has noticed', async () => {
        const response = await fetch(`${proxy.url}/v1/x`);
        return response.status === 503 && response;
      });
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(await answer.json()).toEqual({
        error: { code: 'RETRY', message: expect.any(String), retryAfterMs: 1000, traceId: expect.any(String) },
      });
    });
  });
});

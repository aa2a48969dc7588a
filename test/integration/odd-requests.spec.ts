import { connect, type Socket } from 'node:net';
import { readMetrics } from '../../src/platform/observability/metrics';
import { startParley, type Parley } from '../support/harness';

const GOOD = 'https://good.example';

/** What comes back on one connection, until the other side ends it or nothing more comes. */
function exchange(port: number, text: string | Buffer, quietMs = 700): Promise<{ got: string; closed: boolean }> {
  return new Promise((resolve) => {
    const socket: Socket = connect(port, '127.0.0.1', () => socket.write(text));
    let got = '';
    let timer = setTimeout(() => settle(false), 5000);
    const settle = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ got, closed });
    };
    socket.on('data', (chunk) => {
      got += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(() => settle(false), quietMs);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => settle(true));
  });
}

const statusOf = (got: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(got)?.[1]);
const errorOf = (got: string) =>
  (JSON.parse(got.slice(got.indexOf('\r\n\r\n') + 4)) as { error: { code: string; traceId: string; field?: string } })
    .error;

describe('a request as no ordinary client writes it', () => {
  let parley: Parley;
  let port: number;
  beforeAll(async () => {
    parley = await startParley({ CORS_ORIGINS: GOOD });
    port = Number(new URL(parley.url).port);
  });
  afterAll(() => parley.stop());

  const ask = (path: string, more = '', method = 'GET') =>
    exchange(port, `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${more}\r\n`);

  it.each<[string, string, number, string]>([
    ['a path that climbs', '/docs/../../etc/passwd', 404, 'ROUTE_NOT_FOUND'],
    ['a path that climbs in disguise', '/docs/%2e%2e/%2e%2e/etc/passwd', 404, 'ROUTE_NOT_FOUND'],
    ['a path that climbs with backslashes', '/docs/..\\..\\etc\\passwd', 404, 'ROUTE_NOT_FOUND'],
    ['a path with a zero byte', '/docs/swagger-ui.css%00.png', 404, 'ROUTE_NOT_FOUND'],
    ['the folder of the page’s files', '/docs/package.json', 404, 'ROUTE_NOT_FOUND'],
    ['a name that every object has', '/docs/constructor', 404, 'ROUTE_NOT_FOUND'],
    ['an escape that is none', '/v1/%zz', 400, 'INVALID_REQUEST'],
    ['an escape that is no UTF-8', '/v1/users/%ff', 400, 'INVALID_REQUEST'],
    ['two slashes', '//v1//limits', 404, 'ROUTE_NOT_FOUND'],
    ['a whole URL', 'http://elsewhere.example/v1/nothing', 404, 'ROUTE_NOT_FOUND'],
    ['a URL that is none', 'http://[::1/v1', 400, 'INVALID_REQUEST'],
    ['nothing but a query', '?a=b', 400, 'INVALID_REQUEST'],
    ['an asterisk', '*', 404, 'ROUTE_NOT_FOUND'],
    ['a very long path', `/v1/${'x'.repeat(15_000)}`, 404, 'ROUTE_NOT_FOUND'],
  ])('is answered in the error shape: %s', async (_, path, status, code) => {
    const { got } = await ask(path, `Origin: ${GOOD}\r\n`);
    expect({ status: statusOf(got), code: errorOf(got).code }).toEqual({ status, code });
    expect(got).toContain(`access-control-allow-origin: ${GOOD}`);
  });

  it.each<[string, string, number, string, string | undefined]>([
    [
      'headers without end',
      `GET /v1/limits HTTP/1.1\r\nHost: x\r\nOrigin: ${GOOD}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'TOO_LARGE',
      'headers',
    ],
    ['no HTTP', 'HELO parley\r\n\r\n', 400, 'INVALID_REQUEST', 'request'],
    ['no Host', 'GET /v1/limits HTTP/1.1\r\n\r\n', 400, 'INVALID_REQUEST', 'host'],
    [
      'two lengths',
      'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'INVALID_REQUEST',
      'request',
    ],
    [
      'a length and chunks',
      'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'INVALID_REQUEST',
      'request',
    ],
    ['a method that does not exist', 'BREW /v1/limits HTTP/1.1\r\nHost: x\r\n\r\n', 400, 'INVALID_REQUEST', 'request'],
    ['a tunnel', 'CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'METHOD_NOT_ALLOWED', undefined],
  ])('is answered in the error shape, and then the connection ends: %s', async (_, bytes, status, code, field) => {
    const { got, closed } = await exchange(port, bytes);
    expect({ status: statusOf(got), code: errorOf(got).code, field: errorOf(got).field }).toEqual({
      status,
      code,
      field,
    });
    expect(got.toLowerCase()).toContain(`x-trace-id: ${errorOf(got).traceId}`);
    expect(got).toContain('x-content-type-options: nosniff');
    expect(closed).toBe(true);
    if (bytes.includes(GOOD)) expect(got).toContain(`access-control-allow-origin: ${GOOD}`);
  });

  it('gives other pages nothing to read in an early answer', async () => {
    const { got } = await exchange(
      port,
      `GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    );
    expect(statusOf(got)).toBe(431);
    expect(got).not.toContain('access-control-allow-origin');
  });

  it.each(['h2c', 'TLS/1.0', 'websocket', 'nonsense'])(
    'is answered as HTTP/1.1 when it offers %s',
    async (protocol) => {
      const offer = `Connection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n`;
      const body = '{"appId":"nobody","appToken":"x","userId":"somebody"}';
      const post = `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n${offer}\r\n${body}`;
      const { got } = await exchange(port, post);
      expect(statusOf(got)).toBe(404);
      expect(errorOf(got).code).toBe('APP_NOT_FOUND');
      const twice = await exchange(
        port,
        `GET /health/live HTTP/1.1\r\nHost: x\r\n${offer}\r\nGET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n`,
      );
      expect([...twice.got.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status)).toEqual(['200', '404']);
    },
  );

  it('may expect what it likes, and speak HTTP/1.0', async () => {
    expect(statusOf((await ask('/health/live', 'Expect: 100-continue\r\n')).got)).toBe(100);
    expect(statusOf((await ask('/health/live', 'Expect: the-unexpected\r\n')).got)).toBe(200);
    const { got, closed } = await exchange(port, 'GET /health/live HTTP/1.0\r\n\r\n');
    expect([statusOf(got), closed]).toEqual([200, true]);
  });

  it('that breaks off in its body is no failure of ours', async () => {
    const log = jest.spyOn(process.stdout, 'write');
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST /v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a"',
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(log.mock.calls.flat().join('')).not.toMatch(/failed with/);
    log.mockRestore();
    const { text } = await readMetrics();
    expect(text).not.toMatch(/parley_http_seconds_count\{method="POST",route="\/v1\/users",status="5xx"\}/);
  });
});

describe('the documents', () => {
  let parley: Parley;
  beforeAll(async () => {
    parley = await startParley();
  });
  afterAll(() => parley.stop());

  it.each([
    '/docs',
    '/docs/',
    '/docs/openapi.json',
    '/docs/asyncapi.json',
    '/docs/errors.json',
    '/docs/swagger-ui-bundle.js',
    '/docs/swagger-ui-init.js',
  ])('are sent once to whoever keeps them: %s', async (path) => {
    const first = await fetch(parley.url + path);
    expect(first.status).toBe(200);
    expect((await first.text()).length).toBeGreaterThan(200);
    const etag = first.headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await fetch(parley.url + path, { headers: { 'if-none-match': known } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect((await fetch(parley.url + path, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OutboundHttp } from './outbound-http';
import { isPublicAddress } from './public-address';
import { retryAfterMs } from './retry-after';

describe('an address', () => {
  it.each([
    '127.0.0.1',
    '127.1.2.3',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '2002:7f00:1::',
    '2001:db8::1',
    'no address',
  ])('%s is not the public internet', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '172.32.0.1', '142.250.1.95', '2a00:1450:4001:80b::200a', '2606:4700::1111'])(
    '%s is',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('Retry-After', () => {
  it('is seconds or a date, is never believed for more than a day, and may be nonsense', () => {
    const now = Date.UTC(2026, 0, 1);
    expect(retryAfterMs('7', now)).toBe(7000);
    expect(retryAfterMs('Thu, 01 Jan 2026 00:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterMs('Thu, 01 Jan 2025 00:00:30 GMT', now)).toBe(0);
    expect(retryAfterMs('999999999', now)).toBe(86_400_000);
    for (const nothing of [undefined, '', 'soon', '-5s']) expect(retryAfterMs(nothing, now)).toBeUndefined();
  });
});

describe('a call to the outside', () => {
  const outside = new OutboundHttp({ timeoutMs: 1000 });
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(String(request.url));
    if (request.url === '/large') {
      response.write('x'.repeat(70_000));
      return response.end();
    }
    if (request.url === '/hang') return undefined;
    if (request.url === '/moved') return response.writeHead(302, { location: '/target' }).end();
    return response.writeHead(429, { 'retry-after': '3' }).end('{"no":"not now"}');
  });
  let url: string;
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    outside.close();
    server.closeAllConnections();
    server.close();
  });
  const post = (path: string, publicOnly = false) =>
    outside.post({ url: new URL(path, url), headers: {}, body: '{}', publicOnly });

  it('hands on a refusal as it is, with the time to wait', async () => {
    expect(await post('/busy')).toEqual({ status: 429, retryAfterMs: 3000, body: '{"no":"not now"}' });
  });

  it('follows nobody elsewhere', async () => {
    expect((await post('/moved')).status).toBe(302);
    expect(asked).not.toContain('/target');
  });

  it('is given up when the answer does not come, or does not end', async () => {
    await expect(post('/hang')).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect(post('/large')).rejects.toMatchObject({ code: 'ANSWER_TOO_LARGE' });
    await expect(outside.post({ url: new URL('http://127.0.0.1:1/'), headers: {}, body: '' })).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  it.each(['https://127.0.0.1:1/', 'https://[::1]/', 'https://0x7f.1/', 'https://2130706433/', 'https://localhost/'])(
    'that a tenant named stays out of our network: %s',
    async (inner) => {
      const call = outside.post({ url: new URL(inner), headers: {}, body: '', publicOnly: true });
      await expect(call).rejects.toMatchObject({ code: 'INNER_ADDRESS' });
    },
  );

  it('that a tenant named is https', async () => {
    await expect(post('/busy', true)).rejects.toMatchObject({ name: expect.stringMatching(/Error/) });
    await expect(
      outside.post({ url: new URL('http://8.8.8.8/'), headers: {}, body: '', publicOnly: true }),
    ).rejects.toMatchObject({ code: 'NOT_HTTPS' });
  });
});

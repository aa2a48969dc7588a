import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { readSettings } from '../../../config/read-settings';
import { ConnectionLimiter } from './connection-limiter';

const LARGE = Buffer.alloc(32 * 1024 * 1024, 'x');
const GOOD = {
  MYSQL_URL: 'mysql://u:p@127.0.0.1/x',
  REDIS_URL: 'redis://127.0.0.1',
  ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
};
const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;

/** What stands before both doors, in front of a server that answers `/large` with 32 MB and `/never` not at all. */
describe('the limits on HTTP connections', () => {
  let server: Server;
  const clients: Socket[] = [];
  const start = async (env: Record<string, string>) => {
    server = createServer((incoming, response) => {
      if (incoming.url === '/never') return;
      if (incoming.url === '/body') {
        incoming.resume().once('end', () => response.end('all of it'));
        return;
      }
      response.end(incoming.url === '/large' ? LARGE : 'small');
    });
    new ConnectionLimiter(readSettings({ ...GOOD, ...env }).http).guard(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
  };
  const client = (): Socket => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    // What the server ends may end in a reset.
    socket.on('error', () => undefined);
    clients.push(socket);
    return socket;
  };
  /** Resolves when the server has ended the connection, to what was read of it. */
  const ended = async (socket: Socket): Promise<string> => {
    let said = '';
    socket.on('data', (chunk: Buffer) => (said = (said + chunk.toString('latin1')).slice(0, 1000)));
    await once(socket, 'close');
    return said;
  };
  afterEach(async () => {
    for (const socket of clients.splice(0)) socket.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Whether the server still holds so many connections. */
  const held = () =>
    new Promise<number>((resolve, reject) => server.getConnections((error, n) => (error ? reject(error) : resolve(n))));
  const until = async (n: number) => {
    while ((await held()) !== n) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  it('ends a connection that takes nothing of its answer for HTTP_ANSWER_TIMEOUT_MS, and none that reads', async () => {
    await start({ HTTP_ANSWER_TIMEOUT_MS: '1000', HTTP_UNREAD_BYTES: '100000000' });
    const deaf = client().pause();
    deaf.write(request('/large'));
    const reader = client();
    let bytes = 0;
    reader.on('data', (chunk: Buffer) => (bytes += chunk.length));
    reader.write(request('/large'));
    await until(1);
    expect(reader.destroyed).toBe(false);
    while (bytes < LARGE.length) await once(reader, 'data');
  });

  it('ends connections of an address that leaves more than sixteen times HTTP_UNREAD_BYTES unread', async () => {
    await start({ HTTP_UNREAD_BYTES: '65536', HTTP_ANSWER_TIMEOUT_MS: '3600000' });
    const arrived = once(server, 'connection');
    client().pause().write(request('/large'));
    await arrived;
    await until(0);
  });

  it('takes HTTP_CONNECTIONS_PER_ADDRESS connections of one address, and as many again when they have ended', async () => {
    await start({ HTTP_CONNECTIONS_PER_ADDRESS: '2' });
    const open = [client(), client()];
    await until(2);
    expect(await ended(client())).toBe('');
    for (const socket of open) socket.destroy();
    await until(0);
    const next = client();
    next.write(request('/small'));
    expect(String((await once(next, 'data'))[0])).toContain('200 OK');
  });

  it.each([
    ['ends a connection whose body comes in pieces of a byte', 1, ''],
    ['reads a body in pieces of 64 bytes', 64, 'all of it'],
  ])('%s', async (_, bytes, answer) => {
    await start({});
    const sender = client();
    sender.write('POST /body HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n');
    sender.write(`${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`.repeat(1000));
    sender.write('0\r\n\r\n');
    expect((await ended(sender)).slice(-answer.length || undefined)).toContain(answer);
    await until(0);
  });

  it('works on HTTP_REQUESTS_PER_ADDRESS requests of one address at once, and calls the others BUSY', async () => {
    await start({ HTTP_REQUESTS_PER_ADDRESS: '1' });
    client().write(request('/never'));
    await until(1);
    const second = client();
    second.write(request('/small'));
    const [answer] = (await once(second, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 429/);
    expect(answer.toString()).toContain('"BUSY"');
  });
});

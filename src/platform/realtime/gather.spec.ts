import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { frameOf } from './frame';
import { gather } from './gather';
import { engineOf } from './engine-socket';

describe('packets of one turn', () => {
  let http: HttpServer;
  let server: Server;

  beforeEach(async () => {
    http = createServer();
    server = new Server(http, { perMessageDeflate: false });
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => server.close());

  /** Runs `work` on the server's side of a fresh connection, and gives what its client heard until `end`. */
  async function heard(work: (socket: Socket) => void, transport: 'websocket' | 'polling'): Promise<number[]> {
    server.on('connection', (socket) => socket.on('go', () => work(socket)));
    const client = io(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, {
      transports: [transport],
      upgrade: false,
    });
    const numbers: number[] = [];
    try {
      return await new Promise((resolve, reject) => {
        client.on('connect_error', reject);
        client.on('number', (number: number) => numbers.push(number));
        client.on('end', () => resolve(numbers));
        client.on('disconnect', () => resolve(numbers));
        client.emit('go');
      });
    } finally {
      client.close();
    }
  }

  function write(socket: Socket, event: string, json: string): void {
    const { text, options } = frameOf(event, json);
    gather(engineOf(socket));
    engineOf(socket).write(text, options);
  }

  it.each(['websocket', 'polling'] as const)(
    'arrive over %s in the order in which they were written',
    async (transport) => {
      const numbers = await heard((socket) => {
        write(socket, 'number', '1');
        write(socket, 'number', '2');
        socket.emit('number', 3);
        void Promise.resolve().then(() => {
          write(socket, 'number', '4');
          setImmediate(() => {
            write(socket, 'number', '5');
            write(socket, 'end', 'null');
          });
        });
      }, transport);
      expect(numbers).toEqual([1, 2, 3, 4, 5]);
    },
  );

  it('still arrive when the connection is ended behind them', async () => {
    const numbers = await heard((socket) => {
      write(socket, 'number', '1');
      write(socket, 'number', '2');
      socket.disconnect(true);
    }, 'websocket');
    expect(numbers).toEqual([1, 2]);
  });

  it('leave in one write', async () => {
    let writes = -1;
    await heard((socket) => {
      const { _socket: tcp } = engineOf(socket).transport.socket as unknown as {
        _socket: { _handle: { writev: (...args: never[]) => unknown; writeBuffer: (...args: never[]) => unknown } };
      };
      writes = 0;
      for (const name of ['writev', 'writeBuffer'] as const) {
        const real: (...args: never[]) => unknown = tcp._handle[name].bind(tcp._handle);
        tcp._handle[name] = (...args: never[]) => {
          writes++;
          return real(...args);
        };
      }
      for (let number = 0; number < 10; number++) write(socket, 'number', String(number));
      write(socket, 'end', 'null');
    }, 'websocket');
    expect(writes).toBe(1);
  });
});

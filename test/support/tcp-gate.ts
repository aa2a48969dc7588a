import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be shut: connections through it end, and none is let in until it opens again. */
export class TcpGate {
  private server?: Server;
  private readonly sockets = new Set<Socket>();
  private constructor(
    private readonly target: URL,
    private port: number,
  ) {}

  static async to(url: string): Promise<TcpGate> {
    const gate = new TcpGate(new URL(url), 0);
    await gate.open();
    return gate;
  }

  /** The target's URL through the gate. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  async open(): Promise<void> {
    const server = createServer((inside) => {
      const outside = connect(Number(this.target.port || 6379), this.target.hostname);
      for (const [socket, other] of [
        [inside, outside],
        [outside, inside],
      ] as const) {
        this.sockets.add(socket);
        socket.on('error', () => other.destroy());
        socket.on('close', () => {
          this.sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    this.server = server;
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(this.port, '127.0.0.1', resolve));
    const address = server.address();
    if (typeof address === 'object' && address) this.port = address.port;
  }

  async shut(): Promise<void> {
    const { server } = this;
    if (!server) return;
    this.server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

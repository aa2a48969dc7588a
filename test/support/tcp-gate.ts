import { connect, createServer, type Server, type Socket } from 'node:net';

type Pair = readonly [inside: Socket, outside: Socket];

/**
 * A way to a server that can be shut: connections through it end, and none is let in until it opens again. Or hushed:
 * connections are made and stay, and nothing gets through, as with a server that is frozen; what was said meanwhile
 * arrives once it is not.
 */
export class TcpGate {
  private server?: Server;
  private readonly pairs = new Set<Pair>();
  private hushed = false;
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
      const pair: Pair = [inside, connect(Number(this.target.port || 6379), this.target.hostname)];
      this.pairs.add(pair);
      const end = () => {
        this.pairs.delete(pair);
        for (const socket of pair) socket.destroy();
      };
      for (const socket of pair) socket.on('error', end).on('close', end);
      if (!this.hushed) join(pair);
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
    for (const pair of this.pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  hush(): void {
    this.hushed = true;
    for (const [inside, outside] of this.pairs) {
      inside.unpipe(outside);
      outside.unpipe(inside);
    }
  }

  speak(): void {
    if (!this.hushed) return;
    this.hushed = false;
    for (const pair of this.pairs) join(pair);
  }
}

function join([inside, outside]: Pair): void {
  inside.pipe(outside);
  outside.pipe(inside);
}

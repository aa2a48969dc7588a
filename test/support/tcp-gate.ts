import { connect, createServer, type Server, type Socket } from 'node:net';

type Pair = readonly [inside: Socket, outside: Socket];
export type Direction = 'to the server' | 'from the server';

const BOTH: readonly Direction[] = ['to the server', 'from the server'];

/**
 * A way to a server that can be shut: connections through it end, and none is let in until it opens again. Or hushed, in
 * both directions or one: connections are made and stay, and nothing gets through, as with a server that is frozen; what
 * was said meanwhile arrives once it is not.
 */
export class TcpGate {
  private server?: Server;
  private readonly pairs = new Set<Pair>();
  private readonly hushed = new Set<Direction>();
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

  get isOpen(): boolean {
    return this.server !== undefined;
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
      for (const direction of BOTH) if (!this.hushed.has(direction)) join(pair, direction);
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

  hush(...directions: Direction[]): void {
    for (const direction of directions.length > 0 ? directions : BOTH) {
      this.hushed.add(direction);
      for (const pair of this.pairs) part(pair, direction);
    }
  }

  speak(): void {
    for (const direction of this.hushed) for (const pair of this.pairs) join(pair, direction);
    this.hushed.clear();
  }
}

const flow = ([inside, outside]: Pair, direction: Direction): [from: Socket, to: Socket] =>
  direction === 'to the server' ? [inside, outside] : [outside, inside];

function join(pair: Pair, direction: Direction): void {
  const [from, to] = flow(pair, direction);
  from.pipe(to);
}

function part(pair: Pair, direction: Direction): void {
  const [from, to] = flow(pair, direction);
  from.unpipe(to);
}

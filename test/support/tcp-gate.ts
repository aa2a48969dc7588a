import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';

type Pair = readonly [inside: Socket, outside: Socket];
export type Direction = 'to the server' | 'from the server';

const BOTH: readonly Direction[] = ['to the server', 'from the server'];

/**
 * A way to a server that can be shut: connections through it end, and none is let in until it opens again. Or hushed, in
 * both directions or one: connections are made and stay, and nothing gets through, as with a server that is frozen; what
 * was said meanwhile arrives once it is not. Or slow: every answer comes so much later.
 */
export class TcpGate {
  private server?: Server;
  private readonly pairs = new Set<Pair>();
  private readonly hushed = new Set<Direction>();
  private readonly delays = new WeakMap<Socket, Transform>();
  /** How much later than it was said everything comes that the server says. */
  slowMs = 0;

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
      const slowly = this.delay();
      slowly.pipe(inside);
      this.delays.set(inside, slowly);
      for (const direction of BOTH) if (!this.hushed.has(direction)) this.join(pair, direction);
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
      for (const pair of this.pairs) this.part(pair, direction);
    }
  }

  speak(): void {
    for (const direction of this.hushed) for (const pair of this.pairs) this.join(pair, direction);
    this.hushed.clear();
  }

  private join(pair: Pair, direction: Direction): void {
    const [from, to] = this.flow(pair, direction);
    from.pipe(to);
  }

  private part(pair: Pair, direction: Direction): void {
    const [from, to] = this.flow(pair, direction);
    from.unpipe(to);
  }

  private flow([inside, outside]: Pair, direction: Direction): [from: Socket, to: Socket | Transform] {
    return direction === 'to the server' ? [inside, outside] : [outside, this.delays.get(inside) ?? inside];
  }

  private delay(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _, done) => {
        if (this.slowMs === 0) done(null, chunk);
        else setTimeout(() => done(null, chunk), this.slowMs);
      },
    });
  }
}

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const RETRY_DEAD_MS = 500;

/**
 * A small TCP load balancer: connections go round-robin to the nodes that answer. One that refuses is left alone for a
 * moment and the connection goes to the next, so clients notice a dead node only by the connections it took with it.
 */
export class LoadBalancer {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  /** What flows at the moment: from a node back to its client. */
  private readonly flows = new Map<Socket, Socket>();
  private readonly deadUntil = new Map<number, number>();
  private turn = 0;

  private constructor(private readonly ports: readonly number[]) {
    this.server = createServer((client) => this.serve(client));
  }

  static async start(ports: readonly number[]): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(ports);
    await new Promise<void>((resolve, reject) => {
      balancer.server.once('error', reject);
      balancer.server.listen(0, '127.0.0.1', resolve);
    });
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Cuts some connections without a word, answers on their way included. */
  cut(chosen: () => boolean): void {
    for (const [node, client] of this.flows) {
      if (!chosen()) continue;
      client.resetAndDestroy();
      node.destroy();
    }
  }

  /** Some clients hear nothing any more, though what they say still arrives. Gives what ends it. */
  mute(chosen: () => boolean): () => void {
    const muted = [...this.flows].filter(() => chosen());
    for (const [node, client] of muted) node.unpipe(client).pause();
    return () => {
      for (const [node, client] of muted) if (!node.destroyed && !client.destroyed) node.pipe(client);
    };
  }

  private serve(client: Socket): void {
    this.track(client);
    client.pause();
    this.forward(client, this.choices());
  }

  /** Every node, those not known to be dead first, beginning with the one whose turn it is. */
  private choices(): number[] {
    const first = this.turn++ % this.ports.length;
    const inTurn = [...this.ports.slice(first), ...this.ports.slice(0, first)];
    const now = performance.now();
    const dead = (port: number): boolean => (this.deadUntil.get(port) ?? 0) > now;
    return [...inTurn.filter((port) => !dead(port)), ...inTurn.filter(dead)];
  }

  private forward(client: Socket, [port, ...others]: number[]): void {
    if (port === undefined || client.destroyed) return void client.destroy();
    const node = connect(port, '127.0.0.1');
    this.track(node);
    node.setNoDelay(true);
    client.setNoDelay(true);
    const refused = (): void => {
      this.deadUntil.set(port, performance.now() + RETRY_DEAD_MS);
      this.forward(client, others);
    };
    node.once('error', refused);
    node.once('connect', () => {
      node.off('error', refused);
      this.deadUntil.delete(port);
      node.on('error', () => client.destroy());
      node.once('close', () => client.destroy());
      client.once('close', () => node.destroy());
      this.flows.set(node, client);
      node.once('close', () => this.flows.delete(node));
      node.pipe(client);
      client.pipe(node);
    });
  }

  private track(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.sockets.delete(socket));
  }
}

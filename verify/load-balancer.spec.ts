import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { LoadBalancer } from './load-balancer';

/** A node that greets with its name and repeats what it hears. */
async function aNode(name: string): Promise<{ port: number; end: () => Promise<void> }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()));
    socket.write(name);
    socket.on('data', (said) => socket.write(said));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const end = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { port: (server.address() as AddressInfo).port, end };
}

async function heard(socket: Socket): Promise<string> {
  const [said] = (await once(socket, 'data')) as [Buffer];
  return said.toString();
}

describe('the load balancer', () => {
  const ends: (() => unknown)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  async function aBalancer(...names: string[]) {
    const nodes = await Promise.all(names.map(aNode));
    const balancer = await LoadBalancer.start(nodes.map(({ port }) => port));
    ends.push(...nodes.map(({ end }) => end), () => balancer.stop());
    const client = (): Socket => {
      const socket = connect(Number(new URL(balancer.url).port), '127.0.0.1');
      ends.push(() => socket.destroy());
      return socket.on('error', () => socket.destroy());
    };
    return { nodes, balancer, client };
  }

  it('gives connections to the nodes in turn', async () => {
    const { client } = await aBalancer('a', 'b');
    expect([await heard(client()), await heard(client()), await heard(client())].join('')).toMatch(/^(aba|bab)$/);
  });

  it('passes over a node that is dead', async () => {
    const { nodes, client } = await aBalancer('a', 'b');
    await nodes[0]?.end();
    expect(await heard(client())).toBe('b');
    expect(await heard(client())).toBe('b');
    ends.shift();
  });

  it('cuts connections when told to', async () => {
    const { balancer, client } = await aBalancer('a');
    const socket = client();
    await heard(socket);
    balancer.cut(() => true);
    await new Promise((resolve) => socket.once('close', resolve));
    expect(socket.destroyed).toBe(true);
  });

  it('keeps the answers back while it is muted, and loses none', async () => {
    const { balancer, client } = await aBalancer('a');
    const socket = client();
    await heard(socket);
    const heal = balancer.mute(() => true);
    let early = '';
    const listen = (said: Buffer): void => void (early += said.toString());
    socket.on('data', listen);
    socket.write('hello');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(early).toBe('');
    heal();
    while (early !== 'hello') await once(socket, 'data');
  });
});

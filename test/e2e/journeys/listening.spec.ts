import { connect as open } from 'node:net';
import { freePort } from '../../../scripts/lib/network.mjs';
import { aConnectedUser, anApp } from '../../support/builders';
import { Deployment, type ServerProcess } from '../../support/deployment';
import { ok } from '../../support/http';
import { aText } from '../../support/messages';
import { aScratchDatabase, type ScratchDatabase } from '../../support/scratch-database';

jest.setTimeout(120_000);

/** Another address of this machine's own, on which nobody listens who listens on 127.0.0.1. */
const ELSEWHERE = '127.0.0.2';
/** Where a node listens that was not told. */
const DEFAULT_PORT = 3000;

/** `open`, or why not. */
const knock = (host: string, port: number): Promise<string> =>
  new Promise((resolve) => {
    const socket = open({ host, port });
    socket.once('connect', () => resolve('open'));
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'));
    socket.once('close', () => resolve('closed'));
    setTimeout(() => socket.destroy(), 2000).unref();
  });

describe('HOST and PORT', () => {
  const deployment = new Deployment();
  let database: ScratchDatabase;
  beforeAll(async () => {
    database = await aScratchDatabase();
  });
  afterAll(async () => {
    await deployment.end();
    await database?.drop();
  });

  const start = (env: NodeJS.ProcessEnv): Promise<ServerProcess> =>
    deployment.server(database.url, process.env.REDIS_URL ?? '', { REDIS_PREFIX: database.url.slice(-12), ...env });

  it('say where a node serves REST, sockets and metrics, and it serves nothing anywhere else', async () => {
    const [port, metricsPort] = [await freePort(), await freePort()];
    const before = await knock(ELSEWHERE, DEFAULT_PORT);
    const server = await start({ HOST: ELSEWHERE, PORT: `${port}`, METRICS_PORT: `${metricsPort}` });
    expect(server.url).toBe(`http://${ELSEWHERE}:${port}`);
    expect(await server.health('ready')).toBe(200);
    const ann = await aConnectedUser(await anApp(server));
    await ann.device.tell('message:send', aText(ann.userId, 'to myself'));
    ann.device.close();
    expect((await fetch(`http://${ELSEWHERE}:${metricsPort}/metrics`)).status).toBe(200);
    for (const unheard of [port, metricsPort]) expect(await knock('127.0.0.1', unheard)).toBe('ECONNREFUSED');
    expect(await knock(ELSEWHERE, DEFAULT_PORT)).toBe(before);
    // Stopped, it leaves both.
    await server.end('SIGTERM');
    for (const left of [port, metricsPort]) expect(await knock(ELSEWHERE, left)).toBe('ECONNREFUSED');
  });

  it('say where a worker answers health and metrics', async () => {
    const port = await freePort();
    const worker = await start({ ROLE: 'worker', HOST: ELSEWHERE, PORT: `${port}` });
    expect(await worker.health('live')).toBe(200);
    expect(await ok(worker.api.get('/metrics'))).toContain('process_cpu');
    expect(await knock('127.0.0.1', port)).toBe('ECONNREFUSED');
    await worker.end('SIGTERM');
  });

  it('without HOST, a node is reached from this machine alone', async () => {
    const port = await freePort();
    const server = await start({ PORT: `${port}` });
    expect([server.port, await server.health('ready')]).toEqual([port, 200]);
    expect(await knock(ELSEWHERE, port)).toBe('ECONNREFUSED');
    await server.end('SIGTERM');
  });

  it('a HOST of all addresses is reached at each', async () => {
    const port = await freePort();
    const server = await start({ HOST: '0.0.0.0', PORT: `${port}`, PUBLIC_URL: `http://0.0.0.0:${port}` });
    for (const host of ['127.0.0.1', ELSEWHERE]) expect(await knock(host, port)).toBe('open');
    await server.end('SIGTERM');
  });
});

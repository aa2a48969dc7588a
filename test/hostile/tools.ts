import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { bearer } from '../../verify/rest';
import { RawSocket } from '../support/raw-socket';
import type { App, World } from './world';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export interface HostileCall {
  authorization?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON, text as it is. */
  body?: unknown;
  timeoutMs?: number;
}

export interface HostileAnswer {
  status: number;
  text: string;
  /** The error's code, where it is one. */
  code?: string;
  json: unknown;
}

/** One REST call from the attackers' address. Rejects where no answer comes. */
export function call(world: World, method: string, path: string, options: HostileCall = {}): Promise<HostileAnswer> {
  const { authorization, headers, body, timeoutMs = 15_000 } = options;
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(world.url + path, {
      method,
      localAddress: world.from,
      agent: false,
      timeout: timeoutMs,
      headers: {
        ...(authorization && { authorization }),
        ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...headers,
      },
    });
    asked.on('error', reject);
    asked.on('timeout', () => asked.destroy(new Error(`${method} ${path} was not answered in ${timeoutMs} ms`)));
    asked.on('response', (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => resolve(read(answer.statusCode ?? 0, Buffer.concat(chunks).toString())));
    });
    asked.end(text);
  });
}

function read(status: number, text: string): HostileAnswer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Not every answer is JSON, and an attacker does not mind.
  }
  const code = (json as { error?: { code?: string } } | undefined)?.error?.code;
  return { status, text, json, ...(code && { code }) };
}

/** As `call`, for what an attack builds on: throws with the answer when it is not 2xx. */
export async function mustCall<T>(world: World, method: string, path: string, options?: HostileCall): Promise<T> {
  const { status, text, json } = await call(world, method, path, options);
  if (status < 200 || status > 299) throw new Error(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
  return json as T;
}

/** A user's token; in the arbitrary-mode app they come into being by this. */
export async function logIn(world: World, userId: string, app: App = world.arbitrary): Promise<string> {
  const { appId, appToken } = app;
  const { token } = await mustCall<{ token: string }>(world, 'POST', '/v1/sessions', {
    body: { appId, appToken, userId },
  });
  return token;
}

export const asUser = (token: string): { authorization: string } => ({ authorization: bearer(token) });

/** A raw Engine.IO socket from the attackers' address, with a token that of another device each time: sends any bytes, may stop reading (`socket.tcp.pause()`). */
export const openSocket = (world: World, token?: string): Promise<RawSocket> =>
  RawSocket.open(world.port, token && { token, device: { id: randomUUID(), platform: 'web' } }, world.from);

/** The same, let in as a device of this user. */
export const openDevice = (world: World, token: string, id: string): Promise<RawSocket> =>
  RawSocket.open(world.port, { token, device: { id, platform: 'test' } }, world.from);

/** A TCP connection from the attackers' address. Its errors are what an attacker expects. */
export function openTcp(world: World): Promise<Socket> {
  const socket = connect({ port: world.port, host: '127.0.0.1', localAddress: world.from });
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('close', () => resolve(socket));
  });
}

/** How many are still open. Who reads nothing learns of the end only by writing, and by the second time at that. */
export async function stillOpen(sockets: readonly Socket[]): Promise<number> {
  for (let times = 0; times < 3; times++) {
    for (const socket of sockets) if (!socket.destroyed) socket.write('\r\n');
    await sleep(150);
  }
  return sockets.filter((one) => !one.destroyed).length;
}

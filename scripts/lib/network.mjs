/** Ports on the loopback, and the first words of the two servers. */
import { connect, createServer } from 'node:net';
import { sleep } from './processes.mjs';

/** @returns {Promise<number>} */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });

/** @param {number} port @returns {Promise<boolean>} whether somebody could listen on it now */
export const isFree = (port) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });

/** @param {number} port @param {string} host @returns {Promise<boolean>} whether somebody listens on it already */
export const isTaken = (port, host) =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (/** @type {NodeJS.ErrnoException} */ { code }) => resolve(code === 'EADDRINUSE'));
    server.listen(port, host, () => server.close(() => resolve(false)));
  });

/**
 * Connects, says `send` if given, and gives the first bytes of the answer; an open port alone proves nothing, because
 * the kernel accepts for a server that is still recovering.
 * @param {number} port @param {string} [send] @returns {Promise<Buffer | undefined>}
 */
export const firstAnswer = (port, send, timeoutMs = 2000) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const done = (/** @type {Buffer | undefined} */ answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(timeoutMs, () => done(undefined));
    socket.once('error', () => done(undefined));
    socket.once('close', () => done(undefined));
    socket.once('data', done);
    if (send !== undefined) socket.once('connect', () => socket.write(send));
  });

/** @param {() => Promise<boolean>} check @param {() => boolean} giveUp @param {number} ms @returns {Promise<boolean>} */
export async function waitUntil(check, giveUp, ms) {
  for (const end = Date.now() + ms; Date.now() < end && !giveUp(); await sleep(25)) if (await check()) return true;
  return false;
}

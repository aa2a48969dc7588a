import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { openTcp, sleep } from '../tools';

const EACH = 300;
/** A head may take ten seconds, which is looked at every two. */
const ENDED_AFTER_MS = 13_500;

/** Connections that say nothing, and others that send a head or a header a byte at a time. */
export const probe = defineProbe({
  promise: 'connections that say nothing, or a byte at a time, are ended and keep nobody out',
  seconds: 20,
  async attack(world) {
    const open = () => Promise.all(Array.from({ length: EACH }, () => openTcp(world)));
    const [silent, slow] = [await open(), await open()];
    for (const socket of [...silent, ...slow]) socket.resume();
    for (const socket of slow) socket.write('GET /v1/limits HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const trickle = setInterval(() => slow.forEach((socket) => socket.writable && socket.write('x')), 1000);
    await sleep(ENDED_AFTER_MS);
    clearInterval(trickle);
    for (const [kind, sockets] of Object.entries({ silent, slow })) {
      const left = sockets.filter((socket) => !socket.destroyed).length;
      assert(left === 0, `${left} of ${EACH} ${kind} connections are still open`);
    }
  },
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineProbe } from '../probe';
import { asUser, logIn, mustCall, openSocket, sleep } from '../tools';

const MESSAGES = 12;
const SOCKETS = 5;
const PULLS = 60;

/** Pages of large messages, asked for again and again on sockets that never read one. */
export const probe = defineProbe({
  promise: 'answers that are not read cost bounded memory, and their sockets are not read any more',
  seconds: 15,
  async prepare(world) {
    const token = await logIn(world, 'hoarder');
    const blob = 'x'.repeat(50_000);
    for (let n = 0; n < MESSAGES; n++) {
      const body = {
        to: { kind: 'user', id: 'hoarder' },
        clientMessageId: randomUUID(),
        type: 'custom',
        body: { blob },
      };
      await mustCall(world, 'POST', '/v1/messages', { ...asUser(token), body });
    }
    return token;
  },
  async attack(world, token) {
    const sockets = [];
    for (let n = 0; n < SOCKETS; n++) sockets.push(await openSocket(world, token));
    for (const socket of sockets) {
      socket.tcp.pause();
      for (let n = 0; n < PULLS; n++) {
        socket.send(`42${n}["conversation:pull",{"conversationId":"user:hoarder:hoarder","limit":100}]`);
      }
    }
    await sleep(4000);
    const [socket] = sockets;
    assert(socket && !socket.closed, 'a socket was closed for answers that it had asked for');
    socket.tcp.resume();
    await socket.hears((text) => text.startsWith('43') && text.includes('"ok":true'));
    for (const one of sockets) one.tcp.destroy();
  },
});

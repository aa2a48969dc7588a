import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { logIn, openSocket } from '../tools';

const SECONDS = 5;
const CALLS_A_SOCKET = 400;
/** What a user has: 100 a second, 400 at once; and a little, because clocks differ. */
const ALLOWED = 400 + 100 * (SECONDS + 1) + 50;

/** Uses a socket's calls up, and comes back with a new one. */
export const probe = defineProbe({
  promise: 'a user who connects again and again has no more calls than one who stays, and is let in more slowly',
  seconds: 20,
  prepare: (world) => logIn(world, 'returner'),
  async attack(world, token) {
    const until = performance.now() + SECONDS * 1000;
    let answered = 0;
    let connections = 0;
    let refused = 0;
    while (performance.now() < until) {
      const socket = await openSocket(world, token).catch(() => undefined);
      if (!socket) {
        refused++;
        continue;
      }
      connections++;
      for (let n = 0; n < CALLS_A_SOCKET; n++) socket.send(`42${n}["device:state",{"state":"background"}]`);
      await socket.hears((text) => text.startsWith(`43${CALLS_A_SOCKET - 1}[`), 2000).catch(() => undefined);
      answered += socket.texts.filter((text) => text.startsWith('43') && text.includes('"ok":true')).length;
      socket.tcp.destroy();
    }
    assert(answered <= ALLOWED, `${answered} calls were answered; ${ALLOWED} are what a user has`);
    return `${connections} connections, ${refused} refused, ${answered} calls answered`;
  },
});

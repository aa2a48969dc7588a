import assert from 'node:assert/strict';
import type { RawSocket } from '../../support/raw-socket';
import { defineProbe } from '../probe';
import { logIn, openDevice } from '../tools';

const ATTACK_MS = 4000;
const SOCKETS = 5;
const AT_ONCE = 12;
/** Far more than a sync takes, and less than what a queue of the attacker's would cost. */
const PATIENCE_MS = 2000;

let acks = 0;
/** The answer's text, after `timeoutMs` an error. */
async function ask(socket: RawSocket, event: string, data: unknown, timeoutMs = 10_000): Promise<string> {
  const id = ++acks;
  socket.send(`42${id}${JSON.stringify([event, data])}`);
  return socket.hears((text) => text.startsWith(`43${id}[`), timeoutMs);
}

const SYNC = { userSeq: 0, conversations: [] };

/** One user holds as many syncs under way as their sockets can; somebody else of the same app just wants to catch up. */
export const probe = defineProbe({
  promise: 'a user who syncs without end waits for themselves, and others are answered as ever',
  seconds: 15,
  async prepare(world) {
    return { mallory: await logIn(world, 'mallory-syncs'), ann: await logIn(world, 'ann-catches-up') };
  },
  async attack(world, { mallory, ann }) {
    const sockets: RawSocket[] = [];
    for (let n = 0; n < SOCKETS; n++) sockets.push(await openDevice(world, mallory, `hog-${n}`));
    const honest = await openDevice(world, ann, 'phone');
    const until = performance.now() + ATTACK_MS;
    let asked = 0;
    const hog = async (socket: RawSocket): Promise<void> => {
      while (performance.now() < until && !socket.closed) {
        asked++;
        await ask(socket, 'sync', SYNC).catch(() => undefined);
        socket.texts.length = 0;
      }
    };
    const hogs = sockets.flatMap((socket) => Array.from({ length: AT_ONCE }, () => hog(socket)));
    let served = 0;
    while (performance.now() < until) {
      const answer = await ask(honest, 'sync', SYNC, PATIENCE_MS);
      assert(answer.includes('"ok":true'), `an honest sync was refused: ${answer.slice(0, 200)}`);
      served++;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all(hogs);
    for (const socket of [...sockets, honest]) socket.tcp.destroy();
    return `${asked} hogging syncs, ${served} honest ones answered`;
  },
});

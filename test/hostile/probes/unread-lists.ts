import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineProbe } from '../probe';
import { asUser, call, logIn, mustCall, openTcp, sleep } from '../tools';
import type { World } from '../world';

const CONNECTIONS = 24;
/** As many as a connection may send ahead. */
const AHEAD = 16;
const MESSAGES = 8;
const ATTACK_MS = 4000;
/** Far more than a page takes, and less than what waiting behind the attacker's would cost. */
const PATIENCE_MS = 2000;

const historyOf = (userId: string) => `/v1/conversations/user:${userId}:${userId}/messages?limit=100`;

const say = (world: World, token: string, userId: string, type: string, body: object) =>
  mustCall(world, 'POST', '/v1/messages', {
    ...asUser(token),
    body: { to: { kind: 'user', id: userId }, clientMessageId: randomUUID(), type, body },
  });

/** One user asks for the largest pages on many connections at once, reads none, and begins anew where a connection was ended. */
export const probe = defineProbe({
  promise: 'one user who asks for hundreds of large pages waits for their own, and others read and send as ever',
  seconds: 15,
  async prepare(world) {
    const hoarder = await logIn(world, 'list-hoarder');
    const ann = await logIn(world, 'ann-reads');
    const blob = 'x'.repeat(50_000);
    for (let n = 0; n < MESSAGES; n++) await say(world, hoarder, 'list-hoarder', 'custom', { blob });
    await say(world, ann, 'ann-reads', 'text', { text: 'A note to myself.' });
    return { hoarder, ann };
  },
  async attack(world, { hoarder, ann }) {
    const head = `GET ${historyOf('list-hoarder')} HTTP/1.1\r\nHost: x\r\nAuthorization: ${asUser(hoarder).authorization}\r\n\r\n`;
    const bytes = Buffer.from(head.repeat(AHEAD));
    const until = performance.now() + ATTACK_MS;
    let opened = 0;
    const hoard = async (): Promise<void> => {
      while (performance.now() < until) {
        const socket = await openTcp(world);
        opened++;
        socket.pause();
        socket.write(bytes);
        // Who reads nothing learns of the end only by writing.
        while (performance.now() < until && !socket.destroyed) await sleep(250).then(() => socket.write('\r\n'));
        socket.destroy();
      }
    };
    const hoards = Array.from({ length: CONNECTIONS }, hoard);
    let slowest = 0;
    let reads = 0;
    while (performance.now() < until) {
      const asked = performance.now();
      const answer = await call(world, 'GET', historyOf('ann-reads'), { ...asUser(ann), timeoutMs: PATIENCE_MS });
      assert.equal(answer.status, 200, `an honest read was refused: ${answer.text.slice(0, 200)}`);
      slowest = Math.max(slowest, performance.now() - asked);
      reads++;
      await sleep(50);
    }
    await Promise.all(hoards);
    return `${opened * AHEAD} pages asked for on ${opened} connections · ${reads} honest reads, the slowest ${Math.round(slowest)} ms`;
  },
});

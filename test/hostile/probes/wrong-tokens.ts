import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { logIn, openSocket, sleep } from '../tools';

const AT_ONCE = 40;
const SECONDS = 5;
/** What an address has: 50 a second, 200 at once; and a little, because clocks differ. */
const ALLOWED = 200 + 50 * (SECONDS + 1) + 50;

/** Handshakes with tokens that are none, as fast as forty at once can be, beside a good one from the same address. */
export const probe = defineProbe({
  promise: 'wrong tokens in handshakes are limited for their address, and a good one from there still comes in',
  seconds: 20,
  prepare: (world) => logIn(world, 'neighbour'),
  async attack(world, token) {
    const until = performance.now() + SECONDS * 1000;
    const codes = new Map<string, number>();
    const guess = async (): Promise<void> => {
      while (performance.now() < until) {
        const socket = await openSocket(world).catch(() => undefined);
        if (!socket) continue;
        socket.send(`40${JSON.stringify({ token: 'x'.repeat(200), device: { id: 'g', platform: 'web' } })}`);
        const answer = await socket.hears((text) => text.startsWith('44')).catch(() => '');
        const code = /"code":"(\w+)"/.exec(answer)?.[1] ?? 'closed';
        codes.set(code, (codes.get(code) ?? 0) + 1);
        socket.tcp.destroy();
      }
    };
    const guesses = Array.from({ length: AT_ONCE }, guess);
    await sleep((SECONDS - 1) * 1000);
    const asked = performance.now();
    const good = await openSocket(world, token);
    const waited = Math.round(performance.now() - asked);
    good.tcp.destroy();
    await Promise.all(guesses);
    const judged = [...codes].reduce((sum, [code, count]) => sum + (/LIMITED|closed/.test(code) ? 0 : count), 0);
    assert(judged <= ALLOWED, `${judged} wrong tokens were judged; ${ALLOWED} are what an address has`);
    assert(waited < 5000, `a good token from the same address waited for ${waited} ms`);
    return `${[...codes].map(([code, count]) => `${count} ${code}`).join(', ')}; a good one in ${waited} ms`;
  },
});

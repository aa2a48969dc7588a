import assert from 'node:assert/strict';
import { RawSocket } from '../../support/raw-socket';
import { defineProbe } from '../probe';
import { logIn, openSocket, sleep } from '../tools';
import type { World } from '../world';

const WATCHED_MS = 3000;
const FRAMES_AT_ONCE = 500;
const ROUNDS = 400;
const PING = 9;

/** Everything that can be said without end: refused each time, or of no meaning at all. */
const FLOODS: Record<string, (socket: RawSocket, n: number) => void> = {
  unknown: (socket) => socket.send('42["nonsense",{}]'),
  asking: (socket, n) => socket.send(`42${n % 1_000_000}["nonsense",{}]`),
  sends: (socket, n) => socket.send(`42${n % 1_000_000}["message:send",{}]`),
  acknowledgements: (socket, n) => socket.send(`43${n % 1_000_000}[{}]`),
  pings: (socket) => socket.send('', PING),
  pongs: (socket) => socket.send('3'),
  large: (socket) => socket.send(`42["nonsense",{"a":[${'{},'.repeat(9000)}{}]}]`),
};

async function flood(world: World, token: string, name: string): Promise<number> {
  const socket = await openSocket(world, token);
  const until = performance.now() + WATCHED_MS;
  let sent = 0;
  for (let round = 0; round < ROUNDS && !socket.closed && performance.now() < until; round++) {
    const count = name === 'large' ? 10 : FRAMES_AT_ONCE;
    for (let n = 0; n < count; n++) FLOODS[name]?.(socket, sent++);
    await sleep(1);
  }
  await socket.ends(5000).catch(() => assert.fail(`a socket that floods (${name}) was not closed`));
  assert(
    socket.texts.some((text) => text.includes('"session:closed",{"code":"RATE_LIMITED"}')),
    `the flooding socket (${name}) was not told why it ended`,
  );
  return sent;
}

export const probe = defineProbe({
  promise: 'a socket that floods, with whatever it is, is told so and closed, and nobody else feels it',
  seconds: 30,
  prepare: async (world) => {
    const tokens: [string, string][] = [];
    for (const name of Object.keys(FLOODS)) tokens.push([name, await logIn(world, `flooder-${name}`)]);
    return tokens;
  },
  async attack(world, tokens) {
    let sent = 0;
    for (const [name, token] of tokens) sent += await flood(world, token, name);
    return `${sent.toLocaleString('en')} frames sent`;
  },
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { defineProbe } from '../probe';
import { asUser, call, logIn, openSocket, sleep } from '../tools';
import type { World } from '../world';

const ATTACK_MS = 5000;
const USERS = 3;
const AT_ONCE = 10;
const NAMES = 4800;
/** After a refusal. */
const PAUSE_MS = 100;

/** A message of 58 KB of the smallest values that there are, with names that nobody has seen before. */
function giant(from: string): string {
  const salt = randomUUID().slice(0, 3);
  const values = Array.from({ length: NAMES }, (_, n) => `"${salt}${n}":1`).join();
  return `{"to":{"kind":"user","id":"${from}-peer"},"clientMessageId":"${randomUUID()}","type":"custom","body":{${values}}}`;
}

interface Tally {
  stored: number;
  refused: number;
}

async function count(tally: Tally, code: string | undefined): Promise<void> {
  if (code === undefined) tally.stored++;
  else {
    assert(['RATE_LIMITED', 'BUSY'].includes(code), `a giant message was refused as ${code}`);
    tally.refused++;
    await sleep(PAUSE_MS);
  }
}

/** One socket that sends the next as soon as one is answered, `AT_ONCE` at once. */
async function bySocket(world: World, user: string, token: string, until: number): Promise<Tally> {
  const socket = await openSocket(world, token);
  const tally = { stored: 0, refused: 0 };
  let acks = 0;
  const loop = async (): Promise<void> => {
    while (performance.now() < until && !socket.closed) {
      const id = ++acks;
      socket.send(`42${id}["message:send",${giant(user)}]`);
      const answer = await socket.hears((text) => text.startsWith(`43${id}[`), 1000).catch(() => '"code":"BUSY"');
      socket.texts.length = 0;
      await count(tally, /"code":"(\w+)"/.exec(answer)?.[1]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  socket.tcp.destroy();
  return tally;
}

async function byRest(world: World, user: string, token: string, until: number): Promise<Tally> {
  const tally = { stored: 0, refused: 0 };
  const loop = async (): Promise<void> => {
    while (performance.now() < until) {
      const { code } = await call(world, 'POST', '/v1/messages', { ...asUser(token), body: giant(user) });
      await count(tally, code);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, loop));
  return tally;
}

/** A rate of messages alone does not see it: these are few enough, and each costs as much as hundreds. */
export const probe = defineProbe({
  promise: 'giant messages of thousands of names are paid for by who sends them, and others are answered as ever',
  async prepare(world) {
    const users = Array.from({ length: USERS }, (_, n) => `mallory-giant-${n}`);
    return Promise.all(users.map(async (user) => ({ user, token: await logIn(world, user) })));
  },
  async attack(world, users) {
    const until = performance.now() + ATTACK_MS;
    const tallies = await Promise.all(
      users.map(({ user, token }, n) => (n === 0 ? byRest : bySocket)(world, user, token, until)),
    );
    for (const { refused } of tallies) assert(refused > 0, 'a user sent giant messages without end, never refused');
    const stored = tallies.reduce((all, one) => all + one.stored, 0);
    return `${stored} giant messages stored`;
  },
});

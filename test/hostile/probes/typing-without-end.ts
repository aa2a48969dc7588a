import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { asUser, logIn, mustCall, openSocket, sleep } from '../tools';

const MEMBERS = 120;
const SOCKETS = 3;
const SECONDS = 4;

/** One member of a group types on three sockets, as fast as it can. */
export const probe = defineProbe({
  promise: 'however often somebody types, a group hears it once a second',
  seconds: 15,
  async prepare(world) {
    const typist = await logIn(world, 'typist');
    const members = Array.from({ length: MEMBERS }, (_, n) => `reader-${n}`);
    const tokens: string[] = [];
    for (const name of members) tokens.push(await logIn(world, name));
    const { groupId } = await mustCall<{ groupId: string }>(world, 'POST', '/v1/groups', {
      ...asUser(typist),
      body: { name: 'Readers', visibility: 'private', members: members.slice(0, 100) },
    });
    return { typist, groupId, tokens: tokens.slice(0, 20) };
  },
  async attack(world, { typist, groupId, tokens }) {
    const readers = await Promise.all(tokens.map((token) => openSocket(world, token)));
    const typists = [];
    for (let n = 0; n < SOCKETS; n++) typists.push(await openSocket(world, typist));
    const frame = `42["typing",{"conversationId":"group:${groupId}"}]`;
    const stopped = frame.replace('}]', ',"typing":false}]');
    const until = performance.now() + SECONDS * 1000;
    let said = 0;
    while (performance.now() < until) {
      for (const socket of typists) {
        for (let n = 0; n < 10; n++) socket.send(said++ % 2 ? stopped : frame);
      }
      await sleep(80);
    }
    await sleep(200);
    const heard = Math.max(...readers.map(({ texts }) => texts.filter((text) => text.includes('"typing"')).length));
    for (const socket of [...readers, ...typists]) socket.tcp.destroy();
    assert(heard > 0, 'nobody heard that somebody types');
    assert(heard <= SECONDS + 2, `a member heard ${heard} signals in ${SECONDS} seconds`);
    return `${said} said, ${heard} heard`;
  },
});

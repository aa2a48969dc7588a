import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { call, logIn, sleep } from '../tools';

const PACKETS = 5400;
const TIMES = 6;

/** One POST of the polling transport with as many packets as go into 64 KB. */
export const probe = defineProbe({
  promise: 'thousands of packets in one polling request are read in turns, and end the connection that sent them',
  prepare: (world) => logIn(world, 'poller'),
  async attack(world, token) {
    let closed = 0;
    for (let time = 0; time < TIMES; time++) {
      const base = '/socket.io/?EIO=4&transport=polling';
      const { sid } = JSON.parse((await call(world, 'GET', base)).text.slice(1)) as { sid: string };
      const path = `${base}&sid=${sid}`;
      const text = { headers: { 'content-type': 'text/plain' } };
      await call(world, 'POST', path, {
        ...text,
        body: `40${JSON.stringify({ token, device: { id: 'p', platform: 'web' } })}`,
      });
      await call(world, 'GET', path);
      await call(world, 'POST', path, { ...text, body: Array(PACKETS).fill('42["x",{}]').join('\u001e') }).catch(
        () => undefined,
      );
      await sleep(50);
      const { text: heard } = await call(world, 'GET', path);
      if (heard.includes('"session:closed"')) closed++;
    }
    assert.equal(closed, TIMES, `only ${closed} of ${TIMES} connections were told that they end`);
  },
});

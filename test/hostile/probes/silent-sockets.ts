import assert from 'node:assert/strict';
import { defineProbe } from '../probe';
import { call, openSocket, sleep } from '../tools';

const SOCKETS = 300;

/** Connections that never say who they are, on both transports; and some that are refused, and stay. */
export const probe = defineProbe({
  promise: 'connections that nobody is let in by are gone after ten seconds',
  seconds: 20,
  async attack(world) {
    const sockets = await Promise.all(Array.from({ length: SOCKETS }, () => openSocket(world)));
    for (const socket of sockets.slice(0, 20)) socket.send('40{"token":"no token"}');
    const base = '/socket.io/?EIO=4&transport=polling';
    const { sid } = JSON.parse((await call(world, 'GET', base)).text.slice(1)) as { sid: string };
    await sleep(10_500);
    const left = sockets.filter(({ closed }) => !closed).length;
    assert.equal(left, 0, `${left} connections are still open`);
    const { status } = await call(world, 'GET', `${base}&sid=${sid}`);
    assert.equal(status, 400, 'the polling connection is still there');
  },
});

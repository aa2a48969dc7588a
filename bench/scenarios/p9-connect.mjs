/** P9: CPU of a new session's connect: handshake, proof, device and presence, against raw Socket.IO's handshake. */
import { cpusOf } from '../lib/cpu.mjs';
import { handshakes } from '../lib/messages.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P9';
export const title = 'connect and authenticate';

const SESSIONS = 1500;
const AT_ONCE = 64;
/** Until what a connect runs through is compiled, it costs half as much again. */
const WARM_UPS = 3;
/** What a connect leaves to be written afterwards belongs to it. */
const AFTERWARDS_MS = 500;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const connects = async (
    /** @type {string} */ url,
    /** @type {Record<string, number>} */ pids,
    /** @type {(object | null)[]} */ auths,
  ) => {
    await sleep(AFTERWARDS_MS);
    const before = cpusOf(pids);
    const { ms } = await context.generator.open(url, auths, AT_ONCE);
    await sleep(AFTERWARDS_MS);
    const after = cpusOf(pids);
    await context.generator.close();
    const cpu = Object.fromEntries(Object.keys(pids).map((key) => [key, (after[key] - before[key]) / auths.length]));
    return { cpu, cpuAll: Object.values(cpu).reduce((a, b) => a + b, 0), rate: (auths.length * 1000) / ms };
  };
  const echo = await context.reference('echo');
  const deployment = await context.deployment();
  const reference = () => connects(echo.url, { server: echo.pid }, new Array(SESSIONS).fill(null));
  const product = async () => connects(deployment.url, deployment.pids, handshakes(await deployment.users(SESSIONS)));
  for (let i = 0; i < WARM_UPS; i++) {
    await reference();
    await product();
  }
  const gauge = (/** @type {{ cpuAll: number }} */ { cpuAll }) => cpuAll;
  const { sets, discarded, trusted } = await interleave({
    reference,
    product,
    gauge,
    sets: Math.min(2, context.sets),
    say: context.say,
  });
  const details = {
    'server µs': medians(sets, ({ cpu }) => cpu.server).product,
    'database µs': medians(sets, ({ cpu }) => cpu.database ?? 0).product,
    'redis µs': medians(sets, ({ cpu }) => cpu.redis ?? 0).product,
    'reference µs': medians(sets, gauge).reference,
    'connects/s': medians(sets, ({ rate }) => rate).product,
  };
  return [{ id: 'P9', value: ratio(sets, gauge), details, discarded, trusted }];
}

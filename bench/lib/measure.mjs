/** One window of load: warm up, count, and divide the CPU of every process by the messages. */
import { cpusOf } from './cpu.mjs';

export const WARM_UP_MS = 1500;
export const WINDOW_MS = 2500;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @typedef {import('./generator-process.mjs').Latency} Latency
 * @typedef {{ seconds: number, acked: number, delivered: number, rate: number, cpu: Record<string, number>, cpuAll: number,
 *   generatorCpu: number, ack: Latency, delivery: Latency }} Sample
 *   rate: acknowledged (and delivered, where something is) a second; cpu: microseconds a message (or delivery), by process
 */

/**
 * The load is running; `pids` are the processes that serve it.
 * @param {import('./generator-process.mjs').Generator} generator @param {Record<string, number>} pids
 * @param {{ delivers?: boolean | 'all', warmMs?: number, windowMs?: number }} [options] delivers: every message has a receiver;
 *   'all': it has many, and what is counted is deliveries
 * @returns {Promise<Sample>}
 */
export async function measure(generator, pids, { delivers = false, warmMs = WARM_UP_MS, windowMs = WINDOW_MS } = {}) {
  await sleep(warmMs);
  const before = await generator.mark();
  const cpuBefore = cpusOf(pids);
  await sleep(windowMs);
  const after = await generator.mark();
  const cpuAfter = cpusOf(pids);

  const seconds = (after.atMs - before.atMs) / 1000;
  const acked = after.acked - before.acked;
  const delivered = after.delivered - before.delivered;
  const messages = delivers === 'all' ? delivered : delivers ? Math.min(acked, delivered) : acked;
  if (messages === 0) throw new Error(`nothing was served: ${JSON.stringify(after)}`);
  const cpu = Object.fromEntries(
    Object.keys(pids).map((name) => [name, (cpuAfter[name] - cpuBefore[name]) / messages]),
  );
  const generatorMicros = after.cpu.user + after.cpu.system - before.cpu.user - before.cpu.system;
  return {
    seconds,
    acked,
    delivered,
    rate: messages / seconds,
    cpu,
    cpuAll: Object.values(cpu).reduce((a, b) => a + b, 0),
    generatorCpu: generatorMicros / messages,
    ack: after.ack,
    delivery: after.delivery,
  };
}

/** P1, P1c: durable one-to-one sends, acknowledged and delivered, on 200 connections, against raw Socket.IO's echo. */
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P1';
export const title = 'durable send with delivery, through the socket';

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const deployment = await context.deployment();
  const [commits, acknowledged] = [await deployment.commits(), deployment.acknowledged];
  const { sets, discarded, trusted } = await interleave({
    reference: () => context.echo(),
    product: () => context.send(),
    gauge: ({ rate }) => rate,
    sets: context.sets,
    say: context.say,
  });
  const rates = medians(sets, ({ rate }) => rate);
  const costs = medians(sets, ({ cpuAll }) => cpuAll);
  const by = (/** @type {string} */ process) => medians(sets, ({ cpu }) => cpu[process] ?? 0).product;
  const details = {
    'sends/s': rates.product,
    'reference msg/s': rates.reference,
    'server µs': by('server'),
    'database µs': by('database'),
    'redis µs': by('redis'),
    'reference µs': costs.reference,
    'generator µs': medians(sets, ({ generatorCpu }) => generatorCpu).product,
    'messages a commit': (deployment.acknowledged - acknowledged) / ((await deployment.commits()) - commits),
    'ack p50 ms': medians(sets, ({ ack }) => ack.p50 ?? Number.NaN).product,
    'ack p99 ms': medians(sets, ({ ack }) => ack.p99 ?? Number.NaN).product,
  };
  return [
    { id: 'P1', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted },
    { id: 'P1c', value: ratio(sets, ({ cpuAll }) => cpuAll), details: {}, discarded, trusted },
  ];
}

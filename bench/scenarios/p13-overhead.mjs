/** P13: an event that does nothing, with everything around it: authenticated, limited, validated, acknowledged; against the same of raw Socket.IO. */
import { CONNECTIONS } from '../lib/context.mjs';
import { handshakes, packet } from '../lib/messages.mjs';
import { measure } from '../lib/measure.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P13';
export const title = 'an event that does nothing';

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const { generator } = context;
  const deployment = await context.deployment();
  const users = await context.pairs();
  const texts = new Array(CONNECTIONS).fill(packet('device:state', { state: 'foreground' }));
  const product = async () => {
    await generator.open(deployment.url, handshakes(users));
    await generator.start({ texts });
    const sample = await measure(generator, deployment.pids);
    const { refusals, refused } = await generator.stop();
    await generator.close();
    if (refused > 0) throw new Error(`Parley refused events: ${JSON.stringify(refusals)}`);
    return sample;
  };
  const gauge = (/** @type {import('../lib/measure.mjs').Sample} */ { cpuAll }) => cpuAll;
  const { sets, discarded, trusted } = await interleave({
    reference: () => context.echo(texts),
    product,
    gauge,
    sets: Math.min(2, context.sets),
    say: context.say,
  });
  const costs = medians(sets, gauge);
  const details = {
    µs: costs.product,
    'reference µs': costs.reference,
    'events/s': medians(sets, ({ rate }) => rate).product,
  };
  return [{ id: 'P13', value: ratio(sets, gauge), details, discarded, trusted }];
}

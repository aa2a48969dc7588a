/**
 * P8: memory that an idle, authenticated connection holds, against one of raw Socket.IO: the growth of the process, measured
 * after garbage was collected and half-empty pages were put together (docs/performance.md says what that leaves out).
 */
import { openFilesMax, pssOf } from '../lib/cpu.mjs';
import { handshakes } from '../lib/messages.mjs';
import { startReference } from '../lib/references.mjs';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P8';
export const title = 'memory of an idle connection';

const WANTED = 10_000;
const QUICK = 3000;
/** Descriptors that a server and the generator need besides the connections. */
const SPARE = 500;
/** Two collections 200 ms apart, and time to give pages back. */
const SETTLE_MS = 2000;

const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const count = Math.min(context.options.quick ? QUICK : WANTED, openFilesMax() - SPARE);
  if (count < WANTED && !context.options.quick)
    context.say(`only ${count} connections: raise the limit of open files (ulimit -n) for ${WANTED}`);
  const deployment = await context.deployment();
  context.say(`${count} users and their tokens …`);
  const users = await context.crowd(count);
  const auths = handshakes(users);
  const nobody = new Array(count).fill(null);

  const perConnection = async (
    /** @type {{ pid: number, url: string }} */ { pid, url },
    /** @type {(object | null)[]} */ all,
  ) => {
    const settled = async () => {
      process.kill(pid, 'SIGURG');
      await sleep(SETTLE_MS);
      return pssOf(pid);
    };
    // From the first fifth to all of them: code, caches and after buffers are nobody's in particular.
    const first = Math.floor(count / 5);
    await context.generator.open(url, all.slice(0, first));
    const before = await settled();
    await context.generator.open(url, all.slice(first));
    const after = await settled();
    await context.generator.close();
    return { kib: (after - before) / (count - first) };
  };
  const reference = async () => {
    const echo = await startReference('echo');
    try {
      return await perConnection(echo, nobody);
    } finally {
      echo.end();
    }
  };
  const product = async () => {
    await deployment.restartServer();
    return perConnection(deployment.server, auths);
  };
  const gauge = (/** @type {{ kib: number }} */ { kib }) => kib;
  const { sets, discarded, trusted } = await interleave({
    reference,
    product,
    gauge,
    sets: 1,
    retries: 1,
    say: context.say,
  });
  const found = medians(sets, gauge);
  context.kibAConnection = found.product;
  const details = {
    connections: count,
    'KiB each': found.product,
    'reference KiB': found.reference,
  };
  return [{ id: 'P8', value: ratio(sets, gauge), details, discarded, trusted }];
}

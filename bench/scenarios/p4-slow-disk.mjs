/** P4: P1 on a disk whose every flush takes 2 ms longer, against P1 on the same servers without the delay. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave, medians, ratio } from '../lib/stats.mjs';

export const name = 'P4';
export const title = 'durable send on a slow disk';

const DELAY_MICROS = 2000;
const SOURCE = fileURLToPath(new URL('../slow-fsync.c', import.meta.url));

/** @param {import('../lib/context.mjs').Context} context */
export async function run(context) {
  const dir = join(context.options.dir, 'slow-fsync');
  mkdirSync(dir, { recursive: true });
  const library = join(dir, 'slow-fsync.so');
  const delay = join(dir, 'delay');
  if (!compile(library)) return [{ id: 'P4', skipped: 'no C compiler (cc) on this machine' }];
  const set = (/** @type {number} */ micros) => writeFileSync(delay, String(micros).padStart(8, '0'), { flag: 'r+' });
  writeFileSync(delay, '00000000');
  const deployment = await context.deployment();
  await context.pairs();
  context.say('the database again, with the delay in reach …');
  await deployment.restartWith({ LD_PRELOAD: library, SLOW_FSYNC_FILE: delay });
  try {
    const { sets, discarded, trusted } = await interleave({
      reference: () => context.send(),
      product: async () => {
        set(DELAY_MICROS);
        try {
          return await context.send();
        } finally {
          set(0);
        }
      },
      gauge: ({ rate }) => rate,
      sets: context.sets,
      say: context.say,
    });
    const rates = medians(sets, ({ rate }) => rate);
    const details = { 'sends/s': rates.product, 'without delay/s': rates.reference };
    return [{ id: 'P4', value: ratio(sets, ({ rate }) => rate), details, discarded, trusted }];
  } finally {
    await deployment.restartWith({});
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {string} library @returns {boolean} whether there is a compiler, and it could */
function compile(library) {
  try {
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
}

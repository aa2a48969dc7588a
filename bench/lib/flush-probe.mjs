/** How long this disk takes to make a few bytes durable, asked at a steady pace beside a window of load. */
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { percentile } from './stats.mjs';

const EVERY_MS = 5;
/** About what a group commit adds to the redo log. */
const BYTES = Buffer.alloc(4096, 1);

/**
 * @param {string} dir on the disk of the database
 * @returns {Promise<{ stop: () => Promise<{ p50: number, p99: number, flushes: number }> }>} figures in milliseconds
 */
export async function startFlushProbe(dir) {
  const path = join(dir, 'flush-probe');
  const file = await open(path, 'w');
  /** @type {number[]} */
  const took = [];
  let running = true;
  const loop = (async () => {
    while (running) {
      const began = performance.now();
      await file.write(BYTES);
      const written = performance.now();
      await file.datasync();
      took.push(performance.now() - written);
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, EVERY_MS - (performance.now() - began))));
    }
  })();
  return {
    async stop() {
      running = false;
      await loop;
      await file.close();
      await rm(path, { force: true });
      return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), flushes: took.length };
    },
  };
}

import { setTimeout as sleep } from 'node:timers/promises';

const PATIENCE_MS = 20_000;

/** Waits until `look` answers something other than undefined or false; what it throws meanwhile is told at the end. */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = PATIENCE_MS,
): Promise<T> {
  let last: unknown;
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; await sleep(20)) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
  }
  throw new Error(`did not happen in time: ${what}`, { cause: last });
}

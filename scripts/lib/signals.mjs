/** Turns what the outside wants (Ctrl-C, kill, a closed terminal, a vanished npm) into one wish to stop, or to force. */
import { StoppedError } from './messages.mjs';

/** npm passes on a Ctrl-C that the terminal had sent already; a human needs longer than this for a second one. */
const SAME_WISH_MS = 700;

/**
 * @param {{ log: import('./messages.mjs').Log, endWithParent?: boolean }} options endWithParent: also stop when the
 *   parent process is gone, as after a SIGKILL of the `npm` that ran us
 */
export function listenForStop({ log, endWithParent = false }) {
  const stop = new AbortController();
  const force = new AbortController();
  let first = 0;
  /** @type {NodeJS.Signals} */
  let signal = 'SIGTERM';
  const wish = (/** @type {NodeJS.Signals} */ received) => {
    if (stop.signal.aborted) {
      if (Date.now() - first < SAME_WISH_MS || force.signal.aborted) return;
      log('Forced. 强制停止。');
      return force.abort();
    }
    first = Date.now();
    signal = received === 'SIGHUP' ? 'SIGTERM' : received;
    stop.abort(new StoppedError());
  };
  const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  for (const name of signals) process.on(name, wish);
  const parent = process.ppid;
  const watch = setInterval(() => process.ppid !== parent && wish('SIGTERM'), 500).unref();
  if (!endWithParent) clearInterval(watch);
  return {
    stop: stop.signal,
    force: force.signal,
    /** Which signal the application gets. */
    received: () => signal,
    wish,
    dispose() {
      clearInterval(watch);
      for (const name of signals) process.off(name, wish);
    },
  };
}

/** Resolves when the signal fires. @param {AbortSignal} signal @returns {Promise<'stop'>} */
export const fired = (signal) =>
  new Promise((resolve) => {
    if (signal.aborted) resolve('stop');
    else signal.addEventListener('abort', () => resolve('stop'), { once: true });
  });

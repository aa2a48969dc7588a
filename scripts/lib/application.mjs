/** The application process: started, asked to end once, forced only on demand. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { identityOf, signalTo } from './processes.mjs';

/** @typedef {{ code: number, signal: NodeJS.Signals | null }} Ending */

/** What the application says to its launcher, over the channel between parent and child, once it serves. */
export const SERVING = 'serving';

/**
 * @param {{ command: string[], cwd: string, env: NodeJS.ProcessEnv,
 *   onSpawn?: (identity: import('./processes.mjs').Identity) => void }} options
 */
export function startApplication({ command, cwd, env, onSpawn }) {
  // A group of its own: Ctrl-C in a terminal goes to the whole foreground group, and would come twice otherwise,
  // once from the terminal and once from us.
  const child = spawn(command[0], command.slice(1), {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let served = false;
  child.on('message', (message) => (served ||= message === SERVING));
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity) onSpawn?.(identity);
  /** @type {Promise<Ending>} */
  const ended = new Promise((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${command[0]}: ${error.message}\n`);
      resolve({ code: 127, signal: null });
    });
    child.once('exit', (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), signal }),
    );
  });
  return {
    pid: child.pid,
    ended,
    /** Whether it has come up: one that never did has said why not. */
    served: () => served,
    /** @param {NodeJS.Signals} signal */
    signal: (signal) => identity !== undefined && signalTo(identity, signal),
    /** @param {NodeJS.Signals} signal @param {number} graceMs how long it may take to drain */
    async end(signal, graceMs) {
      if (identity) signalTo(identity, signal);
      const timer = setTimeout(() => identity && signalTo(identity, 'SIGKILL'), graceMs);
      const ending = await ended;
      clearTimeout(timer);
      return ending;
    },
  };
}

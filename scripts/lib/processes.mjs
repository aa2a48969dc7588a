/** Processes by identity: a pid alone is not enough, because the system uses pids again. */
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as timer } from 'node:timers/promises';
import { LauncherError, StoppedError } from './messages.mjs';

/** @typedef {{ pid: number, startedAt: string }} Identity */

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The same, without keeping the process alive for it. @param {number} ms */
export const pause = (ms) => timer(ms, undefined, { ref: false });

/** @param {string} path */
const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * When the process started, as an opaque string, or undefined when it is gone (a zombie counts as gone).
 * @param {number} pid @returns {string | undefined}
 */
export function startTimeOf(pid) {
  if (process.platform === 'linux') {
    // The name in parentheses may itself hold spaces and parentheses, so the fields are counted from the last one.
    const stat = read(`/proc/${pid}/stat`);
    if (stat === undefined) return undefined;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    // Ticks count from the boot: after a power cut another process may have the same pid and the same ticks.
    return `${read('/proc/sys/kernel/random/boot_id')?.trim() ?? ''}:${fields[19]}`;
  }
  try {
    const out = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' }).trim();
    return out || undefined;
  } catch {
    return undefined;
  }
}

/** @param {number} pid @returns {Identity | undefined} */
export function identityOf(pid) {
  const startedAt = startTimeOf(pid);
  return startedAt === undefined ? undefined : { pid, startedAt };
}

/** @param {Identity | undefined} identity */
export const isAlive = (identity) =>
  identity !== undefined && Number.isInteger(identity.pid) && startTimeOf(identity.pid) === identity.startedAt;

/** @param {Identity} identity @param {NodeJS.Signals} signal @returns {boolean} false when that very process is gone */
export function signalTo(identity, signal) {
  if (!isAlive(identity)) return false;
  try {
    process.kill(identity.pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** @param {Identity} identity @param {number} ms */
export async function waitGone(identity, ms) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(25)) if (!isAlive(identity)) return true;
  return !isAlive(identity);
}

/** Asks first, forces after `graceMs`. @param {Identity} identity @param {number} graceMs */
export async function endProcess(identity, graceMs) {
  if (!signalTo(identity, 'SIGTERM')) return;
  if (await waitGone(identity, graceMs)) return;
  signalTo(identity, 'SIGKILL');
  await waitGone(identity, 5000);
}

/**
 * Runs a command to its end, or until `withinMs` are over, which is a failure. The output is shown as it comes, or
 * collected when `quiet`.
 * @param {string} command @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean, out?: 1 | 2, signal?: AbortSignal, withinMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, options = {}) {
  const { cwd, env = process.env, quiet = false, out = 2, signal, withinMs } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new StoppedError());
    const child = spawn(command, args, {
      cwd,
      env,
      // By default to stderr: the launcher's stdout belongs to the application.
      stdio: ['ignore', quiet ? 'pipe' : out, quiet ? 'pipe' : out],
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    const stop = () => child.kill('SIGTERM');
    const late = withinMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), withinMs);
    signal?.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => {
      signal?.removeEventListener('abort', stop);
      reject(new LauncherError(`${command}: ${error.message}`));
    });
    child.once('close', (code) => {
      clearTimeout(late);
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(new StoppedError());
      else resolve({ code: code ?? 1, output });
    });
  });
}

/** One private server process: started, known to answer, stopped cleanly. MariaDB and Redis are made of this. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDir } from './files.mjs';
import { LauncherError } from './messages.mjs';
import { waitUntil } from './network.mjs';
import { endProcess, identityOf, signalTo, waitGone } from './processes.mjs';

/**
 * @typedef {import('./processes.mjs').Identity} Identity
 * @typedef {{
 *   name: string, command: string, args: string[], env?: NodeJS.ProcessEnv, logFile: string,
 *   answers: () => Promise<boolean>, startMs: number, stopMs: number, signal?: AbortSignal,
 *   onSpawn?: (identity: Identity) => void,
 *   onDeath?: (code: number | null, signal: NodeJS.Signals | null) => void,
 * }} ServiceOptions
 */

export class Service {
  /** @type {Identity | undefined} */
  identity;
  /** The present process: whether its end was asked for (otherwise it is a death), and when it was seen to end. */
  #life = { expected: true, ended: Promise.resolve() };

  /** @param {ServiceOptions} options */
  constructor(options) {
    this.options = options;
  }

  get name() {
    return this.options.name;
  }

  get pid() {
    return this.identity?.pid;
  }

  /** Starts the process and resolves when it answers. */
  async start() {
    const { name, command, args, env, logFile, answers, startMs, signal, onSpawn, onDeath } = this.options;
    const log = openLog(logFile);
    const from = statSync(logFile).size;
    // In a group of its own: Ctrl-C in the terminal must reach the launcher only, which stops the servers last.
    const child = spawn(command, args, {
      detached: true,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    let ended = false;
    let up = false;
    const life = { expected: false, ended: Promise.resolve() };
    life.ended = new Promise((resolve) => {
      const end = (/** @type {number | null} */ code = null, /** @type {NodeJS.Signals | null} */ signal = null) => {
        ended = true;
        if (up && !life.expected) onDeath?.(code, signal);
        resolve(undefined);
      };
      child.once('error', () => end());
      child.once('exit', end);
    });
    this.#life = life;
    if (child.pid !== undefined) {
      this.identity = identityOf(child.pid);
      if (this.identity) onSpawn?.(this.identity);
    }
    const ready = await waitUntil(answers, () => ended || Boolean(signal?.aborted), startMs);
    if (!ready || ended) {
      await this.stop();
      const said = readFileSync(logFile).subarray(from).toString('utf8').trim().split('\n').slice(-8).join('\n');
      throw new LauncherError(`${name} did not start; ${logFile} says:\n${said}`, { code: 'SERVICE_START' });
    }
    up = true;
  }

  /** Lets it finish its work, and forces it only when it does not end. */
  async stop() {
    const life = this.#life;
    life.expected = true;
    if (this.identity) await endProcess(this.identity, this.options.stopMs);
    await life.ended;
  }

  /** As a crash would. The death is not reported, since the caller knows. */
  async kill() {
    const life = this.#life;
    life.expected = true;
    if (this.identity && signalTo(this.identity, 'SIGKILL')) await waitGone(this.identity, 5000);
    await life.ended;
  }

  /** Starts again on the same port and data, after a stop when it still runs. */
  async restart() {
    await this.stop();
    await this.start();
  }
}

/** A log that grew large is kept once as `.1`. @param {string} path */
function openLog(path) {
  makeDir(dirname(path));
  const fd = openSync(path, 'a', 0o600);
  if (statSync(path).size < 16 * 1024 * 1024) return fd;
  closeSync(fd);
  renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}

/**
 * The port that was used last, if it is free, else another; clients of an embedded database keep their address so.
 * @param {number | undefined} kept @param {() => Promise<number>} another @param {(port: number) => Promise<boolean>} free
 */
export async function choosePort(kept, another, free) {
  return kept !== undefined && (await free(kept)) ? kept : another();
}

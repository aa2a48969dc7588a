/** The launcher's side of the guardian, and the record by which the next start finds what this one left. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeDurably } from './files.mjs';
import { say } from './messages.mjs';
import { endProcess, identityOf, isAlive } from './processes.mjs';

/** @typedef {import('./processes.mjs').Identity & { role: 'app' | 'server' | 'guardian' }} Ward */

/** @param {string} dir */
const recordPath = (dir) => join(dir, 'processes.json');

export class Guard {
  /** @type {Map<string, Ward>} */
  #wards = new Map();
  #child;

  /** @param {{ libDir: string, dir: string, remove?: string[], log?: import('./messages.mjs').Log }} options remove: what the guardian deletes at the end */
  constructor({ libDir, dir, remove = [], log = say }) {
    this.dir = dir;
    this.log = log;
    this.remove = remove;
    this.#child = spawn(process.execPath, [join(libDir, 'guardian.mjs')], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      cwd: '/',
      env: {},
    });
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', () => {});
    const identity = this.#child.pid === undefined ? undefined : identityOf(this.#child.pid);
    if (identity) this.#wards.set('guardian', { ...identity, role: 'guardian' });
    this.#publish();
  }

  /** @param {string} name @param {import('./processes.mjs').Identity} identity @param {'app' | 'server'} [role] */
  watch(name, identity, role = 'server') {
    this.#wards.set(name, { ...identity, role });
    this.#publish();
  }

  /** @param {string} name */
  forget(name) {
    if (this.#wards.delete(name)) this.#publish();
  }

  /** Everything has ended well: the guardian finds nothing to do and goes. */
  async dismiss() {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin.end(`${JSON.stringify({ processes: [], remove: this.remove })}\n`);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await ended;
    rmSync(recordPath(this.dir), { force: true });
  }

  #publish() {
    const processes = [...this.#wards.values()];
    this.#record();
    const charge = { processes: processes.filter(({ role }) => role !== 'guardian'), remove: this.remove };
    this.#child.stdin.write(`${JSON.stringify(charge)}\n`);
  }

  /** The guardian hears of it through the pipe; the file is for a start after both were killed. */
  #record() {
    try {
      writeDurably(recordPath(this.dir), `${JSON.stringify(Object.fromEntries(this.#wards), null, 2)}\n`);
    } catch (error) {
      // A full disk is no reason to end servers that hold acknowledged messages; the next change is written again.
      this.log(`The list of processes could not be written: ${error instanceof Error ? error.message : error}`);
    }
  }
}

/**
 * Ends what an earlier launcher of this directory left running. Its guardian goes first, so that it cannot act on
 * anything while the new servers come up.
 * @param {string} dir @param {import('./messages.mjs').Log} log
 */
export async function endLeftovers(dir, log) {
  /** @type {[string, Ward][]} */
  const left = Object.entries(readJson(recordPath(dir)) ?? {});
  const alive = left.filter(([, ward]) => isAlive(ward));
  if (alive.some(([, { role }]) => role !== 'guardian'))
    log(`Stopping what an earlier run left: ${alive.map(([name, { pid }]) => `${name} (${pid})`).join(', ')}`);
  for (const role of ['guardian', 'app', 'server'])
    await Promise.all(
      alive
        .filter(([, ward]) => ward.role === role)
        .map(([, ward]) => endProcess(ward, role === 'server' ? 30_000 : role === 'app' ? 5_000 : 0)),
    );
  rmSync(recordPath(dir), { force: true });
}

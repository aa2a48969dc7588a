/**
 * The guardian: a process of its own that outlives the launcher just long enough to clean up after it. It holds the
 * reading end of a pipe; the system closes the other end when the launcher is gone, however it went. It touches only
 * processes that the launcher named, and checks that each still is that very process.
 *
 * Lines on the pipe (JSON): { "processes": [{ pid, startedAt, role }], "remove": [paths] }, the last one counts.
 */
import { rmSync } from 'node:fs';
import { endProcess } from './processes.mjs';

// Together under 10 seconds. A server that is killed after that has lost nothing: what it acknowledged is on the disk.
const GRACE_MS = { app: 3000, server: 5000 };

/** @type {{ processes: (import('./processes.mjs').Identity & { role: 'app' | 'server' })[], remove: string[] }} */
let charge = { processes: [], remove: [] };
let pending = '';

process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (pending + chunk).split('\n');
  pending = lines.pop() ?? '';
  const last = lines.pop();
  if (last) charge = JSON.parse(last);
});
process.stdin.on('error', () => {});
process.stdin.on('close', () => void cleanUp());
for (const signal of /** @type {const} */ (['SIGINT', 'SIGHUP'])) process.on(signal, () => {});

async function cleanUp() {
  // The application first, while its database is still there to finish with.
  for (const role of /** @type {const} */ (['app', 'server']))
    await Promise.all(
      charge.processes.filter((one) => one.role === role).map((one) => endProcess(one, GRACE_MS[role])),
    );
  for (const path of charge.remove) rmSync(path, { recursive: true, force: true });
  process.exit(0);
}

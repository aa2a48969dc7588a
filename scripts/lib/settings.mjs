/** What can be told of the environment before servers are started for it: ports that are taken, settings that are wrong. */
import { join } from 'node:path';
import { LauncherError, portInUse } from './messages.mjs';
import { isTaken } from './network.mjs';
import { run } from './processes.mjs';

/** What src/check-settings.ts ends with when something is wrong. */
const WRONG = 2;

/** @param {NodeJS.ProcessEnv} env @throws {LauncherError} in a sentence */
export async function checkPorts({ ROLE, PORT, METRICS_PORT, HOST }) {
  const [main, metrics] = [PORT || '3000', METRICS_PORT || '0'].map(Number);
  const ports = ROLE === 'worker' ? [metrics || main] : [main, metrics];
  for (const port of ports) {
    // 0 is any port, and what is no port at all is told with the other settings.
    if (!Number.isInteger(port) || port < 1 || port > 65_535) continue;
    if (await isTaken(port, HOST || '127.0.0.1')) throw new LauncherError(portInUse(port), { code: 'PORT_IN_USE' });
  }
}

/**
 * Has the built product look at its settings, in a process of its own.
 * @param {{ root: string, env: NodeJS.ProcessEnv, signal?: AbortSignal }} options @throws {LauncherError} that lists what is wrong
 */
export async function checkSettings({ root, env, signal }) {
  const file = join(root, 'dist', 'src', 'check-settings.js');
  const { code, output } = await run(process.execPath, [file], { cwd: root, env, quiet: true, signal });
  if (code === WRONG) throw new LauncherError(output.trim(), { code: 'SETTINGS' });
}

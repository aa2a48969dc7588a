/** What `npm run backup` and `npm run restore` share: where they stand, how they stop, how they fail. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inWords } from './data-dir.mjs';
import { LauncherError, StoppedError, say } from './messages.mjs';
import { listenForStop } from './signals.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @param {(context: import('./backup-place.mjs').Context) => Promise<void>} work */
export async function backupCommand(work) {
  const dir = resolve(root, process.env.DATA_DIR || '.data');
  const wishes = listenForStop({ log: say, endWithParent: Boolean(process.env.npm_lifecycle_event) });
  try {
    await work({ root, dir, env: process.env, log: say, signal: wishes.stop });
  } catch (thrown) {
    const error = inWords(thrown, dir);
    process.exitCode = 1;
    if (wishes.stop.aborted || error instanceof StoppedError)
      process.exitCode = wishes.received() === 'SIGINT' ? 130 : 143;
    else say(error instanceof LauncherError ? error.message : String(error instanceof Error ? error.stack : error));
  } finally {
    wishes.dispose();
  }
}

/** What `npm run backup` and `npm run restore` share: where they stand, how they stop, how they fail. */
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { inWords } from './data-dir.mjs';
import { LauncherError, StoppedError, say, usage, wrongOption } from './messages.mjs';
import { listenForStop } from './signals.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** @typedef {{ values: { compose: boolean, yes: boolean }, positionals: string[] }} Said what stands after the command's name */

/**
 * @param {{ name: 'backup' | 'restore' }} command
 * @param {(context: import('./backup-place.mjs').Context, said: Said) => Promise<void>} work
 */
export async function backupCommand({ name }, work) {
  const said = saidOf(name);
  if (!said) return;
  const dir = resolve(root, process.env.DATA_DIR || '.data');
  const wishes = listenForStop({ log: say, endWithParent: Boolean(process.env.npm_lifecycle_event) });
  try {
    await work({ root, dir, env: process.env, log: say, signal: wishes.stop }, said);
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

/** Undefined where the answer is how to call it. @param {'backup' | 'restore'} name @returns {Said | undefined} */
function saidOf(name) {
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  const options = { compose: flag, help: { ...flag, short: 'h' } };
  try {
    const { values, positionals } = parseArgs({
      options: name === 'restore' ? { ...options, yes: flag } : options,
      allowPositionals: true,
    });
    if (!values.help) return { values: { yes: false, .../** @type {Said['values']} */ (values) }, positionals };
    process.stdout.write(`${usage(name)}\n`);
  } catch (error) {
    say(wrongOption(error instanceof Error ? error.message.split('. ')[0] : String(error), name));
    process.exitCode = 2;
  }
  return undefined;
}

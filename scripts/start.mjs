/** `npm start`: everything from a bare machine to a running Parley. `--watch` builds and restarts on every change. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ensureBuild } from './lib/build.mjs';
import { launch } from './lib/launcher.mjs';
import { LauncherError, say } from './lib/messages.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { SERVER_ARGS } from './lib/server-args.mjs';
import { checkPorts, checkSettings } from './lib/settings.mjs';
import { watchSources } from './lib/watch.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

try {
  process.exitCode = await launch({
    root,
    env: process.env,
    command: [process.execPath, ...SERVER_ARGS, join('dist', 'src', 'main.js')],
    prepare: async (signal) => {
      await checkPorts(process.env);
      await ensurePackages({ root, log: say, signal });
    },
    build: (signal) => ensureBuild({ root, log: say, signal }),
    check: (env, signal) => checkSettings({ root, env, signal }),
    changes: process.argv.includes('--watch') ? (onChange) => watchSources(root, onChange) : undefined,
  });
} catch (error) {
  say(error instanceof LauncherError ? `\n${error.message}` : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
}

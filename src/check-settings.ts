import 'reflect-metadata';
import { readSettings } from './platform/config/read-settings';

const EXIT_SETTINGS = 2;

/** Says what is wrong with the environment and ends, before any server is started for it (scripts/lib/settings.mjs). */
try {
  readSettings();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = EXIT_SETTINGS;
}

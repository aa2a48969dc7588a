/** `npm run test:hostile`: attacks a running instance from outside (README.md beside this file). */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { HOSTILE_S } from '../../scripts/lib/checks.mjs';
import { requireTypeScript } from '../../scripts/lib/typescript.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values } = parseArgs({
  options: { only: { type: 'string' }, seconds: { type: 'string', default: String(HOSTILE_S) } },
});
const { runSuite } = requireTypeScript(import.meta.url)(join(here, 'suite.ts'));

const log = (/** @type {string} */ line) => console.log(line);
try {
  const { passed, failed } = await runSuite({
    root: dirname(dirname(here)),
    only: values.only?.split(',').map((name) => name.trim()),
    deadline: performance.now() + Number(values.seconds) * 1000,
    log,
  });
  log(`hostile probes: ${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
} catch (error) {
  log(String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
}
// A probe that left something open must not keep the check.
process.exit();

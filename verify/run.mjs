/**
 * `npm run verify`: the checker against real processes (README.md beside this file). The TypeScript beside this file is compiled in
 * memory as it is required, so that there is no second build to keep.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireTypeScript } from '../scripts/lib/typescript.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const require = requireTypeScript(import.meta.url);

const { readOptions, USAGE } = require(join(here, 'options.ts'));
const { verify } = require(join(here, 'main.ts'));

let options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error.message}\n${USAGE}\n`);
  process.exit(2);
}
process.exitCode = await verify(dirname(here), options);

/**
 * `npm run verify`: the checker against real processes (README.md beside this file). The TypeScript beside this file is compiled in
 * memory as it is required, so that there is no second build to keep.
 */
import { transformFileSync } from '@swc/core';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const require = createRequire(import.meta.url);

require.extensions['.ts'] = (module, path) => {
  const { code } = transformFileSync(path, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true }, keepClassNames: true },
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  module._compile(code, path);
};
process.setSourceMapsEnabled(true);

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

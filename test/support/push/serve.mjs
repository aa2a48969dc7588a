/** `node test/support/push/serve.mjs`: the push vendors as a process (vendor-process.ts says what it prints and takes). */
import { transformFileSync } from '@swc/core';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

const { serveVendors } = require(join(dirname(fileURLToPath(import.meta.url)), 'vendor-process.ts'));
await serveVendors(JSON.parse(process.argv[2] ?? '{}'));

/** Loaded by threads that tests start: Jest turns TypeScript into JavaScript in its own sandbox only. */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');
const { TYPESCRIPT } = require('../../../scripts/lib/swc.cjs');

require.extensions['.ts'] = (module, filename) => {
  module._compile(transformSync(readFileSync(filename, 'utf8'), { ...TYPESCRIPT, filename }).code, filename);
};

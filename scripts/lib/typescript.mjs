/** TypeScript compiled in memory as it is required, for tools that need no second build to keep. */
import { transformFileSync } from '@swc/core';
import { createRequire } from 'node:module';
import swc from './swc.cjs';

/** @param {string} url the caller's import.meta.url @returns {NodeJS.Require} a require that reads .ts files, decorators included */
export function requireTypeScript(url) {
  const require = createRequire(url);
  require.extensions['.ts'] = (/** @type {any} */ module, /** @type {string} */ path) => {
    const { code } = transformFileSync(path, { ...swc.TYPESCRIPT, sourceMaps: 'inline' });
    module._compile(code, path);
  };
  process.setSourceMapsEnabled(true);
  return require;
}

/** Tells when a source changed: by polling modification times, which works on every file system and needs no library. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from './files.mjs';

/** @param {string} root */
function latest(root) {
  const paths = [...listFiles(join(root, 'src'), (path) => !path.endsWith('.spec.ts')), join(root, 'ormconfig.ts')];
  return paths
    .filter((path) => existsSync(path))
    .map((path) => `${path}:${statSync(path).mtimeMs}`)
    .join('\n');
}

/** @param {string} root @param {() => void} onChange @returns {() => void} stops watching */
export function watchSources(root, onChange) {
  let seen = latest(root);
  const timer = setInterval(() => {
    const now = latest(root);
    if (now !== seen) onChange();
    seen = now;
  }, 700);
  return () => clearInterval(timer);
}

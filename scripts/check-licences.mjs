/**
 * Every package that is installed with Parley in production has a licence that lets anybody use, change and sell what is
 * built on it. Read from the installed packages; of those for other machines, from the lock file.
 */
import { join } from 'node:path';
import { readJson } from './lib/files.mjs';

const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  // As permissive as those: the licence of a port from Python's library.
  'Python-2.0',
  'Unlicense',
]);

/** `(MIT OR GPL-3.0)` leaves the choice, `MIT AND ISC` does not; anything harder to read is refused. @param {string} licence */
function allowed(licence) {
  const plain = licence.replace(/^\((.*)\)$/, '$1');
  if (/[()]|\bWITH\b/.test(plain)) return false;
  return plain.split(' OR ').some((choice) => choice.split(' AND ').every((one) => ALLOWED.has(one.trim())));
}

const root = join(import.meta.dirname, '..');
/** @type {Record<string, { version?: string, license?: string, dev?: boolean }>} */
const locked = readJson(join(root, 'package-lock.json'))?.packages ?? {};
const production = Object.entries(locked).filter(([path, { dev }]) => path.startsWith('node_modules/') && !dev);
const refused = production.flatMap(([path, { version, license }]) => {
  const installed = readJson(join(root, path, 'package.json'));
  const licence = String(installed?.license ?? license ?? 'none named');
  return allowed(licence) ? [] : [`${path.replace(/^.*node_modules\//, '')}@${version}: ${licence}`];
});

if (production.length === 0) refused.push('no package is named in package-lock.json: nothing was checked');
if (refused.length) {
  console.error(`Licences that need a decision:\n${refused.map((line) => `  ${line}`).join('\n')}`);
  process.exitCode = 1;
} else console.log(`${production.length} packages, all under licences that may be used freely.`);

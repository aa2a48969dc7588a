// Jest 30 cannot require() ES modules on Node 20, and every @nestjs/* 12 package is one, so swc down-levels them.
// The list is derived from what is installed, so it needs no upkeep.
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { TYPESCRIPT } = require('./scripts/lib/swc.cjs');

function esmPackages(root = join(__dirname, 'node_modules')) {
  const names = [];
  for (const entry of readdirSync(root)) {
    if (entry.startsWith('.')) continue;
    const packages = entry.startsWith('@') ? readdirSync(join(root, entry)).map((name) => `${entry}/${name}`) : [entry];
    for (const name of packages) {
      const manifest = join(root, name, 'package.json');
      if (!existsSync(manifest)) continue;
      if (JSON.parse(readFileSync(manifest, 'utf8')).type === 'module') names.push(name);
      const nested = join(root, name, 'node_modules');
      if (existsSync(nested)) names.push(...esmPackages(nested));
    }
  }
  return [...new Set(names)];
}

const ts = { ...TYPESCRIPT, sourceMaps: 'inline' };
const { target, keepClassNames } = ts.jsc;
const js = { ...ts, jsc: { target, keepClassNames } };
const esm = esmPackages()
  .map((name) => name.replace(/[.\\/]/g, '\\$&'))
  .join('|');

module.exports = {
  rootDir: '.',
  testEnvironment: 'node',
  moduleFileExtensions: ['js', 'mjs', 'cjs', 'json', 'ts'],
  testRegex: '\\.spec\\.ts$',
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/\\.data/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/\\.data/'],
  transform: {
    '^.+\\.ts$': ['@swc/jest', ts],
    '(scripts|bench|load)/.+\\.mjs$': ['@swc/jest', js],
    'node_modules/.+\\.m?js$': ['@swc/jest', { ...js, sourceMaps: false }],
  },
  transformIgnorePatterns: [`/node_modules/(?!(.+/node_modules/)?(${esm})/)`],
  setupFiles: ['reflect-metadata', '<rootDir>/test/support/threads/setup.cjs'],
  testTimeout: 30000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
};

/** What proves the product, as a list of commands; `npm test` runs all of them, a failure does not hide the next. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuild } from './build.mjs';
import { run } from './processes.mjs';

/**
 * @typedef {{ code: number, output: string }} Result
 * @typedef {{ root: string, env: NodeJS.ProcessEnv, args: string[], signal: AbortSignal, log: import('./messages.mjs').Log }} Context
 * @typedef {{ name: string, needsServers?: boolean, run: (context: Context) => Promise<Result | 'skipped'> }} Check
 */

/** A tool of node_modules; what it says is shown only when it fails, unless it tells its own progress.
 * @param {string} tool @param {string[]} fixed @param {boolean} [shown] @returns {Check['run']} */
const tool =
  (tool, fixed, shown = false) =>
  ({ root, env, args, signal }) =>
    run(join(root, 'node_modules', '.bin', tool), [...fixed, ...args], {
      cwd: root,
      env,
      signal,
      quiet: !shown,
      out: 1,
    });

/** How long all hostile probes together may take, seconds: with the build before them, four minutes. */
export const HOSTILE_S = 225;

/** @type {Check[]} */
export const CHECKS = [
  { name: 'types', run: tool('tsc', ['--noEmit', '-p', 'tsconfig.json']) },
  { name: 'lint', run: tool('eslint', ['.', '--max-warnings', '0']) },
  { name: 'boundaries', run: tool('depcruise', ['src', 'ormconfig.ts', '--config', '.dependency-cruiser.cjs']) },
  { name: 'format', run: tool('prettier', ['--check', '.']) },
  {
    name: 'licences',
    run: ({ root, env, signal }) =>
      run(process.execPath, [join(root, 'scripts', 'check-licences.mjs')], { cwd: root, env, signal, quiet: true }),
  },
  {
    name: 'build',
    async run({ root, signal, log }) {
      await ensureBuild({ root, log, signal });
      return { code: 0, output: '' };
    },
  },
  {
    name: 'migration drift',
    needsServers: true,
    async run({ root, env, args, signal }) {
      const script = join(root, 'scripts', 'check-migrations.mjs');
      if (!existsSync(script)) return 'skipped';
      return run(process.execPath, [script, ...args], { cwd: root, env, signal, quiet: true });
    },
  },
  { name: 'tests', needsServers: true, run: tool('jest', ['--ci'], true) },
  {
    // Brings an instance and servers of its own, because it attacks them. What has not begun in time fails; what hangs is ended.
    name: 'hostile',
    run: ({ root, env, args, signal }) =>
      run(process.execPath, [join(root, 'test', 'hostile', 'run.mjs'), '--seconds', String(HOSTILE_S), ...args], {
        cwd: root,
        env,
        signal,
        quiet: false,
        out: 1,
        withinMs: (HOSTILE_S + 15) * 1000,
      }),
  },
  {
    // Brings servers of its own, because it kills them.
    name: 'verify',
    run: ({ root, env, args, signal }) =>
      run(process.execPath, [join(root, 'verify', 'run.mjs'), '--acked', '20000', ...args], {
        cwd: root,
        env,
        signal,
        quiet: false,
        out: 1,
      }),
  },
];

/** Parts of the tests that have names of their own, as Jest's pattern over absolute paths. @param {string} root @param {string} suite */
export function suitePattern(root, suite) {
  const dir = { unit: 'src', integration: 'test/integration', e2e: 'test/e2e', launcher: 'test/launcher' }[suite];
  return dir === undefined ? undefined : `^${join(root, dir).replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}/`;
}

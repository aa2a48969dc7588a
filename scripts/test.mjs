/**
 * `npm test`: packages, throw-away servers, then every check. `--only NAME[,NAME]` runs some of them, `--suite NAME` a
 * part of the tests, and what follows `--` goes to the tool.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CHECKS, suitePattern } from './lib/checks.mjs';
import { Guard } from './lib/guard.mjs';
import { LauncherError, StoppedError } from './lib/messages.mjs';
import { ensurePackages } from './lib/packages.mjs';
import { libDir, startServices } from './lib/services.mjs';
import { listenForStop } from './lib/signals.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const log = (/** @type {string} */ line) => console.log(line);
const seconds = (/** @type {number} */ since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** @returns {{ checks: import('./lib/checks.mjs').Check[], args: string[] }} */
function chosen() {
  const { values, positionals } = parseArgs({
    options: { only: { type: 'string' }, suite: { type: 'string' } },
    allowPositionals: true,
  });
  const names = (values.suite ? 'tests' : values.only)?.split(',').map((name) => name.trim());
  const unknown = names?.find((name) => !CHECKS.some((check) => check.name === name));
  if (unknown)
    throw new LauncherError(`No check is called "${unknown}". There are: ${CHECKS.map(({ name }) => name).join(', ')}`);
  const pattern = values.suite ? suitePattern(root, values.suite) : undefined;
  if (values.suite && !pattern) throw new LauncherError(`No suite is called "${values.suite}".`);
  const checks = names ? CHECKS.filter(({ name }) => names.includes(name)) : CHECKS;
  if (checks.length !== 1 && positionals.length)
    throw new LauncherError('Arguments after -- go to one tool; choose it with --only NAME.');
  // A path given by hand is narrower than its suite, and Jest joins patterns with "or".
  const narrowed = positionals.some((one) => /\.spec|\//.test(one));
  return { checks, args: pattern && !narrowed ? [...positionals, pattern] : positionals };
}

/** @param {AbortSignal} signal */
async function main(signal) {
  const { checks, args } = chosen();
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, NODE_ENV: 'test' };
  await ensurePackages({ root, log, signal });

  const dir = mkdtempSync(join(tmpdir(), 'parley-test-'));
  const guard = new Guard({ libDir: libDir(root), dir, remove: [dir] });
  /** @type {Awaited<ReturnType<typeof startServices>> | undefined} */
  let services;
  try {
    if (checks.some((check) => check.needsServers)) {
      services = await startServices({
        dir,
        binDir: join(root, '.data'),
        mysqlUrl: env.MYSQL_URL,
        redisUrl: env.REDIS_URL,
        durable: false,
        mayCreateDatabases: true,
        guard,
        log,
        signal,
      });
      Object.assign(env, { MYSQL_URL: services.mysqlUrl, REDIS_URL: services.redisUrl });
    }
    return await runChecks(checks, { root, env, args, signal, log });
  } finally {
    await services?.stop();
    await guard.dismiss();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @param {import('./lib/checks.mjs').Check[]} checks @param {import('./lib/checks.mjs').Context} context */
async function runChecks(checks, context) {
  /** @type {string[]} */
  const failed = [];
  let passed = 0;
  for (const [index, check] of checks.entries()) {
    const title = `[${index + 1}/${checks.length}] ${check.name}`;
    log(`${title} …`);
    const started = Date.now();
    let result;
    try {
      result = await check.run(context);
    } catch (error) {
      if (error instanceof StoppedError) throw error;
      result = { code: 1, output: error instanceof Error ? error.message : String(error) };
    }
    if (result === 'skipped') {
      log(`${title}: nothing to check yet`);
      continue;
    }
    if (result.code === 0) passed += 1;
    else {
      failed.push(check.name);
      if (result.output.trim()) log(result.output.trimEnd());
    }
    log(`${title} ${result.code === 0 ? 'passed' : 'FAILED'} (${seconds(started)})`);
  }
  if (failed.length) log(`failed: ${failed.join(', ')}`);
  return { passed, failed: failed.length };
}

const wishes = listenForStop({ log, endWithParent: Boolean(process.env.npm_lifecycle_event) });
try {
  const { passed, failed } = await main(wishes.stop);
  process.exitCode = failed ? 1 : 0;
  log(`checks: ${passed} passed, ${failed} failed`);
} catch (error) {
  if (error instanceof StoppedError) process.exitCode = wishes.received() === 'SIGINT' ? 130 : 143;
  else {
    log(error instanceof LauncherError ? error.message : String(error instanceof Error ? error.stack : error));
    process.exitCode = 1;
  }
} finally {
  wishes.dispose();
}

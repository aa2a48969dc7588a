/**
 * `npm run bench`: Parley against what it is built on, on this machine, in one run (docs/performance.md).
 *
 *     npm run bench                          everything, a table at the end
 *     npm run bench -- --only P1,P13         some figures
 *     npm run bench -- --quick               one set each, a history table of a million rows
 *     npm run --silent bench -- --json       one JSON object on stdout; progress goes to stderr
 *     npm run bench -- --with ejabberd       the peer too (Debian: ejabberd, erlang-p1-mysql)
 *     npm run bench -- --gate                exit code 1 when a figure is below its floor
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBinaries } from '../scripts/lib/binaries.mjs';
import { ensureBuild } from '../scripts/lib/build.mjs';
import { Guard, endLeftovers } from '../scripts/lib/guard.mjs';
import { takeLock } from '../scripts/lib/lock.mjs';
import { LauncherError, StoppedError, say } from '../scripts/lib/messages.mjs';
import { ensurePackages } from '../scripts/lib/packages.mjs';
import { libDir } from '../scripts/lib/services.mjs';
import { fired, listenForStop } from '../scripts/lib/signals.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** Measured beside Parley where one asks for them and they are installed. */
const PEERS = ['ejabberd'];
/** In the order in which they run. */
const SCENARIOS = [
  'p1-send',
  'p3-latency',
  'p2-ejabberd',
  'p13-overhead',
  'p12-rest',
  'p5-fan-out',
  'p7-ejabberd-room',
  'p5-rooms',
  'p6-busy-room',
  'p6-over-rate',
  'p5-group-size',
  'p10-push',
  'p9-connect',
  'p11-history',
  'p4-slow-disk',
  'p8-memory',
  'p8-ejabberd-memory',
];

function options() {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      gate: { type: 'boolean', default: false },
      only: { type: 'string' },
      with: { type: 'string' },
      sets: { type: 'string' },
      /** For profiling: arguments of the measured server's Node, such as --cpu-prof. */
      'node-args': { type: 'string' },
    },
  });
  return {
    ...values,
    only: values.only?.split(',').map((one) => one.trim().toUpperCase()),
    sets: Number(values.sets) || (values.quick ? 1 : 3),
    nodeArgs: values['node-args']?.split(' ').filter(Boolean),
  };
}

/** @param {string[] | undefined} only @param {string | undefined} peer */
async function scenarios(only, peer) {
  if (peer !== undefined && !PEERS.includes(peer)) throw new LauncherError(`--with takes ${PEERS.join(', ')}`);
  const files = SCENARIOS.filter((file) => !PEERS.some((one) => one !== peer && file.includes(one)));
  const all = await Promise.all(files.map((file) => import(`./scenarios/${file}.mjs`)));
  const chosen = only
    ? all.filter(({ name }) => only.some((one) => one.replace(/[A-Z]$/, '') === name || one === name))
    : all;
  if (chosen.length === 0) throw new LauncherError(`--only takes ${all.map(({ name }) => name).join(', ')}`);
  return chosen;
}

function machine() {
  const [first] = cpus();
  return {
    cpu: first?.model.trim() ?? process.arch,
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: `${type()} ${release()}`,
    node: process.versions.node,
    date: new Date().toISOString(),
  };
}

function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', 'src') ? '+changes' : '');
  } catch {
    return 'unknown';
  }
}

/** @param {ReturnType<typeof options>} wanted @param {AbortSignal} signal */
async function main(wanted, signal) {
  if (process.platform !== 'linux') throw new LauncherError('The benchmark counts CPU in /proc, which only Linux has.');
  await ensurePackages({ root, log: say, signal });
  const chosen = await scenarios(wanted.only, wanted.with);
  await ensureBuild({ root, log: say, signal });
  const dir = join(resolve(root, process.env.DATA_DIR || '.data'), 'bench');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const taken = await takeLock(join(dir, 'bench.lock'));
  if (!('lock' in taken))
    throw new LauncherError(`Another benchmark (process ${taken.holder.pid}) is running on ${dir}.`);
  try {
    await endLeftovers(dir, say);
    const binaries = await ensureBinaries({ needs: ['database', 'redis'], dataDir: dirname(dir), log: say, signal });
    const guard = new Guard({ libDir: libDir(root), dir });
    const { Context } = await import('./lib/context.mjs');
    const context = new Context({ ...wanted, root, dir, binaries, guard, signal, say });
    const measuring = measureAll(context, chosen, signal);
    const stopped = fired(signal).then(() => {
      // Whatever the scenario waits for now fails, and it puts back what it had changed.
      context.generator.end();
      throw new StoppedError();
    });
    try {
      return await Promise.race([measuring, stopped]);
    } finally {
      if (signal.aborted) await Promise.allSettled([measuring]);
      await context.close();
      await guard.dismiss();
    }
  } finally {
    taken.lock.release();
  }
}

/** @param {import('./lib/context.mjs').Context} context @param {{ name: string, title: string, run: Function }[]} chosen @param {AbortSignal} signal */
async function measureAll(context, chosen, signal) {
  const began = Date.now();
  const figures = [];
  for (const [index, { name, title, run }] of chosen.entries()) {
    if (signal.aborted) throw new StoppedError();
    say(`[${index + 1}/${chosen.length}] ${name} ${title} … (${Math.round((Date.now() - began) / 1000)} s so far)`);
    figures.push(...(await run(context)));
  }
  const order = Object.keys((await import('./lib/targets.mjs')).TARGETS);
  figures.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id));
  return {
    machine: machine(),
    commit: commit(),
    quick: context.options.quick,
    figures,
    account: await context.account(),
  };
}

/** A mistake in the options is said in one line. @param {unknown} error */
const wrongOption = (error) =>
  error instanceof TypeError && String(Reflect.get(error, 'code')).startsWith('ERR_PARSE_ARGS');

const wishes = listenForStop({ log: say, endWithParent: Boolean(process.env.npm_lifecycle_event) });
try {
  const wanted = options();
  const run = await main(wanted, wishes.stop);
  const { toJson, toTable } = await import('./lib/report.mjs');
  const { reached, TARGETS } = await import('./lib/targets.mjs');
  process.stdout.write(wanted.json ? `${JSON.stringify(toJson(run), null, 2)}\n` : `\n${toTable(run)}\n`);
  const wrong = run.account !== undefined && run.account.rows !== run.account.acknowledged;
  if (wrong) say('The rows in the database are not the messages that were acknowledged.');
  const below = run.figures.some(
    (figure) => !('skipped' in figure) && reached(figure.value, TARGETS[figure.id]) === 'below',
  );
  process.exitCode = wrong || (wanted.gate && below) ? 1 : 0;
} catch (error) {
  if (error instanceof StoppedError) process.exitCode = wishes.received() === 'SIGINT' ? 130 : 143;
  else {
    say(
      error instanceof LauncherError || wrongOption(error)
        ? error.message
        : String(error instanceof Error ? error.stack : error),
    );
    process.exitCode = 1;
  }
} finally {
  wishes.dispose();
}

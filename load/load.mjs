/**
 * `npm run load`: users, messages and a rate against a running deployment, for those who size their own machines. It
 * knows nothing but the public API; run it on another machine than the server, or it takes part of what it measures.
 */
import { randomBytes } from 'node:crypto';
import { AppServer } from '../bench/lib/api.mjs';
import { Generator } from '../bench/lib/generator-process.mjs';
import { handshakes, sends } from '../bench/lib/messages.mjs';
import { readOptions, USAGE, UsageError } from './options.mjs';
import { toJson, toText } from './report.mjs';

const PROGRESS_MS = 1000;
const CONNECTS_AT_ONCE = 32;

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);
const sleep = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
const interrupted = new AbortController();

/** @param {import('./options.mjs').LoadOptions} options */
async function run(options) {
  const app = new AppServer(options);
  const generator = new Generator();
  const tag = `load${randomBytes(4).toString('hex')}`;
  const count = options.users + (options.users % 2);
  const userIds = Array.from({ length: count }, (_, index) => `${tag}${index.toString(36).padStart(4, '0')}`);
  try {
    say(`creating ${count} users at ${options.url} …`);
    const users = await app.users(userIds);
    say(`connecting them …`);
    const { ms, retries } = await generator.open(options.url, handshakes(users), CONNECTS_AT_ONCE);
    say(`connected in ${(ms / 1000).toFixed(1)} s${retries ? `, ${retries} told to come again` : ''}`);
    const texts = sends(users, options.sizes, tag.slice(4));
    await generator.start({ texts, rate: options.rate, rampMs: options.rampMs, timed: true, summary: true });
    const began = performance.now();
    const fullRate = await watch(generator, options);
    const totals = await generator.stop();
    const seconds = (performance.now() - began) / 1000;
    return { options, totals, seconds, fullRate, ...(await generator.summary()) };
  } finally {
    await generator.close();
    generator.end();
    if (!options.keep) {
      say('deleting the users …');
      await app.removeUsers(userIds);
    }
  }
}

/**
 * A line a second until the time is over. @param {Generator} generator @param {import('./options.mjs').LoadOptions} options
 * @returns {Promise<number>} acknowledged a second after the ramp
 */
async function watch(generator, { rampMs, durationMs, rate }) {
  let last = await generator.mark();
  const first = last;
  /** The first mark at full rate. @type {typeof last | undefined} */
  let full;
  while (last.atMs - first.atMs < rampMs + durationMs && !interrupted.signal.aborted) {
    await sleep(PROGRESS_MS);
    const now = await generator.mark();
    const seconds = (now.atMs - last.atMs) / 1000;
    const per = (/** @type {'sent' | 'acked' | 'delivered' | 'refused'} */ what) =>
      Math.round((now[what] - last[what]) / seconds);
    const ramping = now.atMs - first.atMs < rampMs;
    say(
      `${String(Math.round((now.atMs - first.atMs) / 1000)).padStart(4)} s  sent ${per('sent')}/s  acked ${per('acked')}/s  ` +
        `delivered ${per('delivered')}/s  refused ${per('refused')}/s  p50 ${now.ack.p50?.toFixed(1) ?? '–'} ms  ` +
        `p99 ${now.ack.p99?.toFixed(1) ?? '–'} ms  waiting ${now.unanswered}${ramping ? `  (to ${rate}/s)` : ''}`,
    );
    last = now;
    if (!ramping) full ??= now;
  }
  const since = full && full !== last ? full : first;
  return ((last.acked - since.acked) * 1000) / (last.atMs - since.atMs);
}

process.once('SIGINT', () => {
  say('Ctrl-C: finishing (once more to stop at once) …');
  interrupted.abort();
});

try {
  const options = readOptions(process.argv.slice(2), process.env);
  if (options.help) say(USAGE);
  else {
    const result = await run(options);
    process.stdout.write(options.json ? `${JSON.stringify(toJson(result), null, 2)}\n` : `\n${toText(result)}\n`);
  }
} catch (error) {
  say(error instanceof UsageError ? error.message : String(error instanceof Error ? error.stack : error));
  process.exitCode = 1;
}

/**
 * Parley under measurement: its own process from dist, configured as `npm start` does. Only limits of how much one party may
 * do are raised: all load comes from one machine.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { openSync, closeSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, waitUntil } from '../../scripts/lib/network.mjs';
import { endProcess, identityOf, sleep } from '../../scripts/lib/processes.mjs';
import { raisedLimits } from '../../scripts/lib/raised-limits.mjs';
import { SERVER_ARGS } from '../../scripts/lib/server-args.mjs';
import { MEASURED } from './references.mjs';

const START_MS = 60_000;
const STOP_MS = 20_000;
const PROFILE_MS = 10_000;
/** With which the run reads the product's metrics. */
export const OPERATOR_TOKEN = randomBytes(24).toString('hex');
/** What would change the product from outside; the benchmark measures the defaults. */
const FOREIGN =
  /^(LIMIT_|REALTIME_|MYSQL_|REDIS_|ROLE$|PORT$|HOST$|LOG_LEVEL$|METRICS_PORT$|SOCKET_TRANSPORTS$|NODE_OPTIONS$)/;

/**
 * @param {{ root: string, dir: string, mysqlUrl: string, redisUrl: string, encryptionKey: string, nodeArgs?: string[], keepDefault?: string[],
 *   onSpawn: (identity: import('../../scripts/lib/processes.mjs').Identity) => void }} options keepDefault: limits that are not raised
 */
export async function startProduct({
  root,
  dir,
  mysqlUrl,
  redisUrl,
  encryptionKey,
  nodeArgs = [],
  keepDefault = [],
  onSpawn,
}) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.test(name)));
  const logFile = join(dir, 'server.log');
  const profileFile = join(dir, 'server.cpuprofile');
  const log = openSync(logFile, 'a');
  const args = [...MEASURED, ...SERVER_ARGS, ...nodeArgs, join(root, 'dist', 'src', 'main.js')];
  const child = spawn(process.execPath, args, {
    cwd: root,
    detached: true,
    stdio: ['ignore', log, log],
    env: {
      ...own,
      ...raisedLimits(root, keepDefault),
      OPERATOR_TOKEN,
      DATA_DIR: dir,
      HOST: '127.0.0.1',
      PORT: String(port),
      MYSQL_URL: mysqlUrl,
      REDIS_URL: redisUrl,
      ENCRYPTION_KEY: encryptionKey,
      PARLEY_EMBEDDED: '1',
      BENCH_PROFILE: profileFile,
    },
  });
  closeSync(log);
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (!identity) throw new Error('Parley could not be started');
  onSpawn(identity);
  let ended = false;
  child.once('exit', () => (ended = true));
  for (const end = Date.now() + START_MS; !(await isReady(url)); await sleep(50)) {
    if (!ended && Date.now() < end) continue;
    await endProcess(identity, STOP_MS);
    throw new Error(`Parley did not start; ${logFile} says:\n${readFileSync(logFile, 'utf8').slice(-3000)}`);
  }
  return {
    pid: identity.pid,
    url,
    /** Collects garbage and lets it settle, so that what stays is what is held. */
    collect: () => process.kill(identity.pid, 'SIGURG'),
    /** Where its CPU goes in the next `ms`. @param {number} ms @returns {Promise<import('./cpu-share.mjs').Profile>} */
    async profile(ms) {
      rmSync(profileFile, { force: true });
      process.kill(identity.pid, 'SIGWINCH');
      await sleep(ms);
      process.kill(identity.pid, 'SIGWINCH');
      const written = await waitUntil(
        async () => existsSync(profileFile),
        () => ended,
        PROFILE_MS,
      );
      if (!written) throw new Error(`the server wrote no ${profileFile}`);
      return JSON.parse(readFileSync(profileFile, 'utf8'));
    },
    stop: () => endProcess(identity, STOP_MS),
  };
}

/** @param {string} url */
async function isReady(url) {
  try {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(2000) });
    await answer.arrayBuffer();
    return answer.status === 200;
  } catch {
    return false;
  }
}

/** What `npm run load` is told, and what it assumes. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const USAGE = `npm run load -- [options]: drives a running Parley from outside.

  Where
    --url URL              the deployment (default: what quickstart.json says)
    --app-id, --app-secret an app of account mode "arbitrary" (default: the one of quickstart.json)
    --quickstart FILE      default: DATA_DIR/quickstart.json
  What
    --users N              connected users, in pairs that write to each other (default 100)
    --rate N               messages a second of all users together (default 50)
    --sizes N[,N…]         bytes of text, taken in turn (default 100)
    --duration SECONDS     at full rate (default 30)
    --ramp SECONDS         from nothing to the full rate (default 5)
  Also
    --json                 the report as one JSON object on stdout
    --keep                 leave the users in the app; by default they are deleted at the end

One user may send 50 messages a second unless the deployment says otherwise: for a higher rate take more users.`;

/** A mistake of the person at the keyboard: the message is enough. */
export class UsageError extends Error {}

/**
 * @typedef {{ url: string, appId: string, appSecret: string, users: number, rate: number, sizes: number[],
 *   durationMs: number, rampMs: number, json: boolean, keep: boolean, help: boolean }} LoadOptions
 */

/** @param {string[]} args @param {NodeJS.ProcessEnv} env @returns {LoadOptions} */
export function readOptions(args, env) {
  const { values } = parse(args);
  const quickstart = values.help ? undefined : readQuickstart(values, env);
  return {
    url: values.url ?? quickstart?.url ?? '',
    appId: values['app-id'] ?? quickstart?.apps.arbitrary.appId ?? '',
    appSecret: values['app-secret'] ?? quickstart?.apps.arbitrary.appSecret ?? '',
    users: number('users', values.users, 100, 2),
    rate: number('rate', values.rate, 50, 0.1),
    sizes: (values.sizes ?? '100').split(',').map((size) => number('sizes', size, 100, 1)),
    durationMs: number('duration', values.duration, 30, 1) * 1000,
    rampMs: number('ramp', values.ramp, 5, 0) * 1000,
    json: values.json,
    keep: values.keep,
    help: values.help,
  };
}

/** @param {string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: 'string' });
  const flag = /** @type {const} */ ({ type: 'boolean', default: false });
  try {
    return parseArgs({
      args,
      options: {
        url: text,
        'app-id': text,
        'app-secret': text,
        quickstart: text,
        users: text,
        rate: text,
        sizes: text,
        duration: text,
        ramp: text,
        json: flag,
        keep: flag,
        help: flag,
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
  }
}

/** @param {string} name @param {string | undefined} given @param {number} usual @param {number} least */
function number(name, given, usual, least) {
  const value = given === undefined ? usual : Number(given);
  if (!Number.isFinite(value) || value < least) throw new UsageError(`--${name} must be a number of at least ${least}`);
  return value;
}

/** @param {Record<string, unknown>} values @param {NodeJS.ProcessEnv} env */
function readQuickstart(values, env) {
  if (values.url && values['app-id'] && values['app-secret']) return undefined;
  const path = resolve(String(values.quickstart ?? join(env.DATA_DIR || '.data', 'quickstart.json')));
  if (!existsSync(path))
    throw new UsageError(
      `${path} is not there: start Parley first (npm start), or give --url, --app-id and --app-secret.`,
    );
  return JSON.parse(readFileSync(path, 'utf8'));
}

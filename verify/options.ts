import { parseArgs } from 'node:util';
import { FAULTS, type FaultName, PUSH_FAULTS } from './fault-plan';

export interface VerifyOptions {
  /** Acknowledged messages to reach. */
  acked: number;
  /** Seconds that the load lasts at the least. */
  seconds: number;
  seed: number;
  json: boolean;
  faults: readonly FaultName[];
  faultCount: number;
  /** `only`: nothing but the planted bugs; `none`: without them. */
  planted: 'also' | 'only' | 'none';
  /** Part of the name of the planted bug to try. */
  bug?: string;
  rate: number;
  /** Some users are away, and are pushed; with the faults and planted bugs about that. */
  push: boolean;
  /** Where the history is written, one event a line. */
  history?: string;
  /** Leaves the servers' and the nodes' logs behind. */
  keep: boolean;
}

export const USAGE = `npm run verify -- [options]
  --acked N        acknowledged messages to reach (20000)
  --seconds S      lasts at least this long (0)
  --seed N         replays the choices of a run (random)
  --only a,b       only these faults: ${FAULTS.join(', ')}
  --faults N       how many faults (every kind once, in a shuffled order)
  --rate N         acknowledged messages a second (400)
  --planted        only the planted bugs; --no-planted leaves them out; --bug NAME tries one
  --no-push        nobody is away and pushed; without the faults and planted bugs about that
  --json           one JSON object on stdout
  --history FILE   writes every event, one a line
  --keep           leaves the logs of all processes behind`;

/** @throws Error in one sentence */
export function readOptions(args: readonly string[]): VerifyOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      acked: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      faults: { type: 'string' },
      rate: { type: 'string' },
      planted: { type: 'boolean' },
      'no-planted': { type: 'boolean' },
      bug: { type: 'string' },
      'no-push': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      history: { type: 'string' },
      keep: { type: 'boolean', default: false },
    },
  });
  const number = (name: 'acked' | 'seconds' | 'seed' | 'faults' | 'rate', fallback: number, least: number): number => {
    const value = values[name] === undefined ? fallback : Number(values[name]);
    if (!Number.isInteger(value) || value < least)
      throw new Error(`--${name} must be a whole number, at least ${least}.`);
    return value;
  };
  const push = !values['no-push'];
  const kinds =
    values.only?.split(',').map((name) => name.trim()) ?? FAULTS.filter((fault) => push || !PUSH_FAULTS.has(fault));
  const faults = FAULTS.filter((fault) => kinds.includes(fault));
  const unknown = kinds.find((kind) => !FAULTS.some((fault) => fault === kind));
  if (unknown !== undefined) throw new Error(`No fault is called "${unknown}". There are: ${FAULTS.join(', ')}.`);
  return {
    acked: number('acked', 20_000, 1),
    seconds: number('seconds', 0, 0),
    seed: number('seed', Math.floor(Math.random() * 2 ** 31), 0),
    rate: number('rate', 400, 1),
    push,
    json: values.json,
    faults,
    faultCount: number('faults', faults.length, 0),
    planted: values.planted || values.bug !== undefined ? 'only' : values['no-planted'] ? 'none' : 'also',
    ...(values.bug !== undefined && { bug: values.bug }),
    ...(values.history !== undefined && { history: values.history }),
    keep: values.keep,
  };
}

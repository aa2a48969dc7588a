import type { Felt } from './honest';

/** What a probe did to the others, beside what it was like before. Milliseconds and MB. */
export interface Measured extends Felt {
  /** The same process runs, and no other in its place. */
  alive: boolean;
  peakMegabytes: number;
}

export interface Quiet extends Felt {
  megabytes: number;
}

const ALLOWANCE_MS = 50;
const FLOOR_FACTOR = 10;
const GOAL_FACTOR = 3;
const ALLOWANCE_MB = 250;

const bound = (quietMs: number, factor: number) => Math.max(quietMs * factor, quietMs + ALLOWANCE_MS);

export interface Judgement {
  /** What does not hold, one sentence each. */
  broken: string[];
  /** Only times are over: on a machine with other work that may be chance, and is measured once more. */
  onlySlow: boolean;
  /** Holds with room to spare. */
  goal: boolean;
}

/** @param ownFailures what the probe itself found not to hold */
export function judge(quiet: Quiet, measured: Measured, ownFailures: readonly string[]): Judgement {
  const times = [
    { name: 'an honest send', quietMs: quiet.send.p99, ms: measured.send.p99 },
    { name: '/health/live', quietMs: quiet.health.p99, ms: measured.health.p99 },
  ];
  const slow = times
    .filter(({ quietMs, ms }) => !(ms <= bound(quietMs, FLOOR_FACTOR)))
    .map(
      ({ name, quietMs, ms }) =>
        `${name} took ${round(ms)} ms at p99, ${round(quietMs)} when it was quiet; at most ${round(bound(quietMs, FLOOR_FACTOR))} is allowed`,
    );
  const hard = [...ownFailures, ...(measured.alive ? measured.troubles : [])];
  if (!measured.alive) hard.push('the process died');
  const grown = measured.peakMegabytes - quiet.megabytes;
  if (grown > ALLOWANCE_MB)
    hard.push(`it held ${round(grown)} MB more than when it was quiet; at most ${ALLOWANCE_MB}`);
  return {
    broken: [...hard, ...slow],
    onlySlow: hard.length === 0 && slow.length > 0,
    goal: times.every(({ quietMs, ms }) => ms <= bound(quietMs, GOAL_FACTOR)),
  };
}

export const round = (value: number): string => (value < 10 ? value.toFixed(1) : value.toFixed(0));

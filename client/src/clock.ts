export type Timer = unknown;

/** Time and chance, handed in so that tests own both. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(run: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
  /** 0 ≤ x < 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
};

/** How long to wait after each failure in a row: doubling from `firstMs`, never above `mostMs`. */
export interface Backoff {
  firstMs: number;
  mostMs: number;
}

const ceiling = (attempt: number, { firstMs, mostMs }: Backoff) =>
  Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 30));

/** Anything from nothing to the ceiling: a crowd that lost one server does not return as a crowd. */
export const fullJitter = (attempt: number, backoff: Backoff, clock: Clock): number =>
  Math.floor(clock.random() * ceiling(attempt, backoff));

/** The upper half of the ceiling: for repeating a call, where a real pause is wanted each time. */
export const halfJitter = (attempt: number, backoff: Backoff, clock: Clock): number =>
  Math.floor(ceiling(attempt, backoff) * (0.5 + clock.random() / 2));

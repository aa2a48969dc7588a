import type { World } from './world';

/**
 * One attack on a running instance. It lives in a process of its own, niced, and reaches the instance as anybody would:
 * from outside, by `world.url`, from an address of its own (`world.from`). What it leaves to the suite: that the process
 * lives, that others stay fast, that memory stays bounded.
 *
 * @example
 *     export const probe: Probe = {
 *       promise: 'a socket that floods is closed, and nobody else feels it',
 *       async attack(world) {
 *         const socket = await openSocket(world, await logIn(world, 'mallory'));
 *         for (let n = 0; n < 100_000 && !socket.closed; n++) socket.send('42["nonsense",{}]');
 *         assert(socket.closed, 'the flooding socket was not closed');
 *       },
 *     };
 */
export interface Probe<Prepared = unknown> {
  /** What holds meanwhile, in the words that the suite prints. */
  promise: string;
  /** How long the attack may last; whoever is not back then has failed. 10 where nothing is said. */
  seconds?: number;
  /** How many processes attack at once, each doing all of it. 1 where nothing is said. */
  processes?: number;
  /** Makes what the attack needs (users, groups, messages), before anything is measured. */
  prepare?(world: World): Promise<Prepared>;
  /**
   * Attacks, and throws (`assert(closed, 'the flooding socket was not closed')`) where its own promise did not hold.
   * @returns a figure worth printing, such as "51,000 frames sent"
   */
  attack(world: World, prepared: Prepared): Promise<string | void>;
}

/** Keeps the type of what `prepare` makes for `attack`. */
export const defineProbe = <Prepared>(probe: Probe<Prepared>): Probe<Prepared> => probe;

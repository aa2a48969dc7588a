import { Injectable } from '@nestjs/common';
import { Connections } from './connections';

/** Of a list this long or longer it is kept who is connected here; a shorter one is looked through each time. */
const KEPT_FROM = 256;
/** Comings and goings that are remembered; a list last asked for before them is looked through again. */
const CHANGES_MAX = 4096;

interface Kept {
  /** In ascending order, for looking users up. */
  readonly sorted: Float64Array;
  /** Those of them who are connected here. */
  readonly present: Set<number>;
  /** How many changes are taken into account. */
  upTo: number;
}

/**
 * Who of many users is connected to this node, without asking for each of them: a group's message must cost what its
 * present members cost. Lists are known by their identity, so they must not change; a list that nobody holds any more is
 * forgotten with it.
 */
@Injectable()
export class Present {
  private readonly kept = new WeakMap<readonly number[], Kept>();
  private readonly changed = new Float64Array(CHANGES_MAX);
  private changes = 0;

  constructor(private readonly connections: Connections) {
    connections.onPresence(({ userPk }) => {
      this.changed[this.changes++ % CHANGES_MAX] = userPk;
    });
  }

  /** At least those who are connected; of short lists all. The answer is alive: who comes meanwhile is met last. */
  of(userPks: readonly number[]): Iterable<number> {
    if (userPks.length < KEPT_FROM) return userPks;
    const kept = this.kept.get(userPks);
    if (!kept || this.changes - kept.upTo > CHANGES_MAX) return this.look(userPks);
    for (; kept.upTo < this.changes; kept.upTo++) {
      const userPk = this.changed[kept.upTo % CHANGES_MAX] ?? 0;
      if (!this.connections.has(userPk)) kept.present.delete(userPk);
      else if (isIn(kept.sorted, userPk)) kept.present.add(userPk);
    }
    return kept.present;
  }

  private look(userPks: readonly number[]): Iterable<number> {
    const present = new Set(userPks.filter((userPk) => this.connections.has(userPk)));
    this.kept.set(userPks, { sorted: Float64Array.from(userPks).sort(), present, upTo: this.changes });
    return present;
  }
}

function isIn(sorted: Float64Array, wanted: number): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

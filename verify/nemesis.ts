import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster';
import type { FaultName, PlannedFault, Strike } from './fault-plan';
import { clientFaults } from './faults/clients';
import { exclusionFaults } from './faults/exclusions';
import { lockFaults } from './faults/locks';
import { processFaults } from './faults/processes';
import { pushFaults } from './faults/pushes';
import { storeFaults } from './faults/stores';
import { Random } from './random';
import type { World } from './tenants';
import type { Workload } from './workload';

/** Breaks things one after the other, and heals each before the next. */
export class Nemesis {
  injected = 0;
  /** Faults that did not find the moment that they are about. */
  readonly unmet: string[] = [];
  private readonly faults: Readonly<Record<FaultName, Strike>>;

  constructor(
    cluster: Cluster,
    workload: Workload,
    private readonly world: World,
    private readonly say: (line: string) => void,
  ) {
    const missed = (what: string): void => void this.unmet.push(what);
    this.faults = {
      ...processFaults(cluster),
      ...pushFaults(cluster, world, missed),
      ...storeFaults(cluster),
      ...lockFaults(cluster),
      ...clientFaults(cluster, workload),
      ...exclusionFaults(cluster, world, missed),
    };
  }

  /** Runs the plan along the progress of the run (0 to 1). */
  async run(plan: readonly PlannedFault[], progress: () => number): Promise<void> {
    for (const planned of plan) {
      while (progress() < planned.after) await sleep(20);
      await this.inject(planned);
      await sleep(300);
    }
  }

  async inject({ fault, lasts, seed }: PlannedFault): Promise<void> {
    const seen = { type: 'fault' as const, device: '-', fault };
    const began = this.world.history.add({ ...seen, at: this.world.history.now(), phase: 'begin' }).at;
    await this.faults[fault](lasts, new Random(seed));
    const ended = this.world.history.add({ ...seen, at: this.world.history.now(), phase: 'end' }).at;
    this.injected++;
    this.say(`fault ${fault}: ${(began / 1000).toFixed(1)} s to ${(ended / 1000).toFixed(1)} s`);
  }
}

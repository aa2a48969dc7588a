import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster';
import type { Strike } from '../fault-plan';
import type { Workload } from '../workload';

/** Clients that send too often, lose their connections, or wait in vain for answers. */
export const clientFaults = ({ balancer }: Cluster, workload: Workload) =>
  ({
    'duplicate-sends': async (lasts) => {
      const { copiesShare } = workload;
      workload.copiesShare = 0.8;
      await sleep(lasts);
      workload.copiesShare = copiesShare;
    },
    'connections-cut': async (lasts, random) => {
      for (const end = performance.now() + lasts; performance.now() < end; await sleep(random.between(100, 600)))
        balancer.cut(() => random.chance(0.15));
    },
    // Longer than clients wait, so that they repeat what is stored already.
    'answers-late': async (lasts, random) => {
      const heal = balancer.mute(() => random.chance(0.4));
      await sleep(lasts);
      heal();
    },
  }) satisfies Record<string, Strike>;

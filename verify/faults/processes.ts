import { setTimeout as sleep } from 'node:timers/promises';
import type { AppNode } from '../app-node';
import type { Cluster } from '../cluster';
import type { Strike } from '../fault-plan';

/** Processes of the application that are killed and come back. */
export const processFaults = ({ nodes, workers }: Cluster) =>
  ({
    'app-kill': (lasts, random) => restart(random.pick(nodes), lasts),
    'worker-kill': async (lasts, random) => {
      if (workers.length > 0) await restart(random.pick(workers), lasts);
    },
  }) satisfies Record<string, Strike>;

export async function restart(node: AppNode, downMs: number): Promise<void> {
  await node.kill();
  await sleep(downMs);
  await node.start();
}

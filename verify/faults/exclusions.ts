import type { Cluster } from '../cluster';
import { ExcludedSender } from '../excluded-sender';
import type { Strike } from '../fault-plan';
import { LoadBalancer } from '../load-balancer';
import type { World } from '../tenants';

/** Senders about whom something is decided between a send and its repeat. */
export function exclusionFaults({ nodes }: Cluster, world: World, missed: (what: string) => void) {
  let runs = 0;
  return {
    'excluded-before-repeat': async (lasts) => {
      const run = String(++runs);
      await Promise.all(
        world.tenants.map(async (tenant) => {
          // Of their own, so that nobody else waits for answers.
          const balancer = await LoadBalancer.start(nodes.map(({ port }) => port));
          const sender = new ExcludedSender({ world, tenant, balancer, run });
          try {
            for (const what of await sender.live(lasts)) missed(`excluded-before-repeat (${tenant.name}: ${what})`);
          } finally {
            sender.close();
            await balancer.stop();
          }
        }),
      );
    },
  } satisfies Record<string, Strike>;
}

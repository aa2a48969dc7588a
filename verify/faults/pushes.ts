import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster';
import type { Strike } from '../fault-plan';
import type { World } from '../tenants';
import { type Step, WorkKiller } from '../work-killer';

/** Vendors of pushes that misbehave, and workers that die in the middle of a push. */
export function pushFaults(cluster: Cluster, world: World, missed: (what: string) => void) {
  const work = new WorkKiller(cluster, world);
  const killWhile =
    (step: Step): Strike =>
    async (lasts) => {
      if (!(await work.killWhile(step, lasts))) missed(`${step}-kill`);
    };
  return {
    // In the middle of a page: taken from the list, and none of its pushes opened yet.
    'deciding-kill': killWhile('deciding'),
    // Some of a group's recipients are decided about, and others are not.
    'paging-kill': killWhile('paging'),
    // Its pushes are opened, and nobody has taken one of them.
    'opened-kill': killWhile('opened'),
    // The vendor has taken a notification, and its answer never arrives.
    'sending-kill': killWhile('sending'),
    // The vendor has answered, and the push is not closed yet.
    'closing-kill': killWhile('closing'),
    'vendor-trouble': async (lasts, random) => {
      const { push } = world;
      const trouble = push?.trouble(random);
      for (const end = performance.now() + lasts; performance.now() < end; await sleep(random.between(100, 400)))
        trouble?.next();
      push?.calm();
    },
    'keys-revoked': async (lasts) => {
      const { push } = world;
      push?.revokeKeys();
      await sleep(lasts);
      await push?.uploadKeys(world);
    },
  } satisfies Record<string, Strike>;
}

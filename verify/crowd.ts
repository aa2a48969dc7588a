import { Random } from './random';
import { must } from './rest';
import { pause, Sender, type SendResult } from './sender';
import type { Tenant, World } from './tenants';
import { groupMessage } from './texts';

/** A group of more recipients than are decided about at once, all of them away; few have a phone. */
export const CROWD = 'crowd';
/** Who has the last place in it, and so is decided about in the last page. */
export const LAST = 'zz-last';
const FOUNDERS = 480;
const LATER = 90;
const AT_ONCE = 100;
const PAUSE_MS = 2500;

const names = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `crowd${String(from + index).padStart(3, '0')}`);

/** Those of the crowd who have no phone at all. */
export const PHONELESS = names(0, FOUNDERS + LATER);

/** Makes its users and the group. Recipients are decided about in the order in which they were made. */
export async function gatherCrowd({ url, history }: World, tenant: Tenant): Promise<void> {
  const { name, server: authorization, sleepers } = tenant;
  for (let at = 0; at < PHONELESS.length; at += AT_ONCE) {
    const body = PHONELESS.slice(at, at + AT_ONCE).map((userId) => ({ userId }));
    await must(url, { method: 'POST', path: '/v1/users', authorization, body });
  }
  await must(url, { method: 'POST', path: '/v1/users', authorization, body: { userId: LAST } });
  const founders = [...sleepers.filter((userId) => userId !== LAST), ...PHONELESS.slice(0, FOUNDERS)];
  const later = [...PHONELESS.slice(FOUNDERS), LAST];
  const path = '/v1/groups';
  const group = { groupId: CROWD, name: CROWD, visibility: 'public', maxMembers: 1000 };
  await must(url, { method: 'POST', path, authorization, body: { ...group, owner: founders[0], members: founders } });
  await must(url, { method: 'POST', path: `${path}/${CROWD}/members`, authorization, body: { userIds: later } });
  const asked = { type: 'change', began: 0, at: history.now(), device: `${name}/-/server`, outcome: 'ok' } as const;
  const conversation = `${name}|group:${CROWD}`;
  history.add({ ...asked, conversation, kind: 'created', users: founders });
  history.add({ ...asked, conversation, kind: 'joined', users: later });
}

/** The app's server says something to the crowd now and then. */
export async function talkToCrowd(
  world: World,
  tenant: Tenant,
  { active, goesOn, told }: { active: () => boolean; goesOn: () => boolean; told: (result: SendResult) => void },
): Promise<void> {
  const device = `${tenant.name}/-/server`;
  const random = new Random(world.seed, `crowd ${tenant.name}`);
  const sender = new Sender({ world, tenant, device, authorization: tenant.server, random, goesOn });
  for (let count = 0; active(); count++) {
    await pause(PAUSE_MS * (0.5 + random.next()));
    if (!active()) return;
    told(await sender.send({ ...groupMessage(tenant, '-', CROWD, `crowd ${count}`), via: 'rest', copies: 1 }));
  }
}

import type { Random } from './random';
import { must } from './rest';
import type { Sender } from './sender';
import type { Tenant, World } from './tenants';
import type { VirtualClient } from './virtual-client';

/** The groups that every tenant has, under the same ids. */
export const GROUPS = [
  { groupId: 'square', visibility: 'public', historyForNewMembers: false },
  { groupId: 'club', visibility: 'private', historyForNewMembers: false },
  { groupId: 'annals', visibility: 'public', historyForNewMembers: true },
  { groupId: 'ring', visibility: 'public', historyForNewMembers: false },
] as const;
/** The one that some hear of only by their phones. */
const QUIET = 'annals';
export type GroupOptions = (typeof GROUPS)[number];

/** Somebody who asks: with a device's socket, or with nothing but a credential. */
export interface Actor {
  device: string;
  authorization: string;
  client?: VirtualClient;
}

export interface GroupWorld {
  world: World;
  tenant: Tenant;
  /** One of the user's devices. */
  actorOf: (userId: string, random: Random) => Actor;
  server: Actor;
  /** Never repeats. */
  senderOf: (userId: string, random: Random) => Sender;
}

/** Who is in at first; those who are away stay in to the end. */
export const foundersOf = ({ users, sleepers }: Tenant, groupId: string): string[] =>
  groupId === QUIET ? [...users, ...sleepers] : [...users];

export async function foundGroups(url: string, tenant: Tenant): Promise<void> {
  const { server, users } = tenant;
  for (const group of GROUPS) {
    const members = foundersOf(tenant, group.groupId);
    const body = { ...group, name: group.groupId, owner: users[0], members, adminsMayRemove: true };
    await must(url, { method: 'POST', path: '/v1/groups', authorization: server, body });
  }
}

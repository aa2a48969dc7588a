import type { History } from './history';
import type { PushWorld } from './push-world';
import type { Random } from './random';
import { basic, bearer, must } from './rest';

export interface Login {
  token: string;
  userId: string;
  sessionId: string;
}

/** An app of a developer of its own. All tenants have the same user ids, and so the same conversation ids. */
export interface Tenant {
  name: string;
  /** In every message of this tenant, and nowhere else. */
  canary: string;
  appId: string;
  appToken: string;
  /** Authorization of its app server, and of its developer. */
  server: string;
  developer: string;
  users: readonly string[];
  /** Users who are away all the time, and are pushed; none where nobody is. */
  sleepers: readonly string[];
  /** A user that only this tenant has. */
  ownUser: string;
}

export interface World {
  seed: number;
  /** Through the load balancer, and the nodes directly. */
  url: string;
  nodeUrls: readonly string[];
  history: History;
  tenants: readonly Tenant[];
  /** The push vendors, where somebody is away. */
  push?: PushWorld;
}

const userName = (index: number): string => `user${String(index + 1).padStart(2, '0')}`;

export async function makeTenant(
  url: string,
  name: string,
  { users, sleepers }: { users: number; sleepers: readonly string[] },
  random: Random,
): Promise<Tenant> {
  const tag = Math.floor(random.next() * 0xffffffff).toString(16);
  const canary = `canary-${name}-${tag}`;
  const developer = await must<{ accountSid: string; authToken: string }>(url, {
    method: 'POST',
    path: '/v1/developers',
    body: { email: `${name}-${tag}@example.org`, password: `${tag}-secret`, name },
  });
  const authorization = basic(developer.accountSid, developer.authToken);
  await must(url, { method: 'POST', path: '/v1/developers/me/verification', authorization, body: { name } });
  const app = await must<{ appId: string; appToken: string; appSecret: string }>(url, {
    method: 'POST',
    path: '/v1/apps',
    authorization,
    body: { name, accountMode: 'arbitrary' },
  });
  await must(url, { method: 'POST', path: `/v1/apps/${app.appId}/online`, authorization });
  return {
    name,
    canary,
    appId: app.appId,
    appToken: app.appToken,
    server: basic(app.appId, app.appSecret),
    developer: authorization,
    users: Array.from({ length: users }, (_, index) => userName(index)),
    sleepers,
    ownUser: `only-${name}`,
  };
}

export const logIn = (url: string, { appId, appToken }: Tenant, userId: string): Promise<Login> =>
  must<Login>(url, { method: 'POST', path: '/v1/sessions', body: { appId, appToken, userId } });

/** What the tenant's server asks for when one login shall end. */
export const revoking = ({ server }: Tenant, { userId, sessionId }: Login) => ({
  method: 'DELETE' as const,
  path: `/v1/users/${userId}/sessions/${sessionId}`,
  authorization: server,
});

export const authorizationOf = ({ token }: Login): string => bearer(token);

/** Tells when something shown to a tenant carries another one's canary. */
export function watchCanaries(world: World, tenant: Tenant, device: string): (shown: string, where: string) => void {
  const others = world.tenants.filter(({ name }) => name !== tenant.name);
  return (shown, where) => {
    for (const { name, canary } of others) {
      const at = shown.indexOf(canary);
      if (at < 0) continue;
      const near = shown.slice(Math.max(0, at - 120), at + 120);
      world.history.add({ type: 'canary', at: world.history.now(), device, of: name, where, shown: near });
    }
  };
}

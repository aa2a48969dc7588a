import type { InvariantName } from './history';
import { rest, type RestRequest } from './rest';
import { authorizationOf, logIn, revoking, type Tenant, watchCanaries, type World } from './tenants';

/** Asks for what must not be given: another tenant's things, and conversations of others. Only 404 is right. */
export async function probe(world: World): Promise<void> {
  const [one, other] = world.tenants;
  if (!one || !other) throw new Error('probes need two tenants');
  await probeWalls(world, one, other);
  await probeWalls(world, other, one);
  await probeStrangers(world, one);
}

async function ask(
  world: World,
  tenant: Tenant,
  invariant: InvariantName,
  asks: string,
  request: RestRequest,
): Promise<void> {
  const { history, url } = world;
  const device = `${tenant.name}/-/probe`;
  const answer = await rest(url, { timeoutMs: 15_000, ...request });
  watchCanaries(world, tenant, device)(answer.text, `the answer to: ${asks}`);
  history.add({ type: 'probe', at: history.now(), device, invariant, asks, expected: '404', got: `${answer.status}` });
}

/** Everything by the other tenant's own names, with one's own credentials. */
async function probeWalls(world: World, own: Tenant, foreign: Tenant): Promise<void> {
  const [peer = ''] = foreign.users;
  const conversationId = [foreign.ownUser, peer].sort().join(':');
  const login = await logIn(world.url, foreign, peer);
  const server = { method: 'GET' as const, authorization: own.server };
  const developer = { method: 'GET' as const, authorization: own.developer };
  const questions: [string, RestRequest][] = [
    ["another app's user", { ...server, path: `/v1/users/${foreign.ownUser}` }],
    ["another app's conversation", { ...server, path: `/v1/conversations/user:${conversationId}/messages` }],
    ["the end of another app's session", { ...revoking(own, login) }],
    ["another developer's app", { ...developer, path: `/v1/apps/${foreign.appId}` }],
    [
      "the users of another developer's app",
      { ...developer, path: '/v1/users', headers: { 'x-app-id': foreign.appId } },
    ],
  ];
  for (const [asks, request] of questions) await ask(world, own, 'I11', `${own.name} asks for ${asks}`, request);
}

/** A user of the same app, but not of the conversation. */
async function probeStrangers(world: World, tenant: Tenant): Promise<void> {
  const [first = '', second = '', , fourth = ''] = tenant.users;
  const authorization = authorizationOf(await logIn(world.url, tenant, fourth));
  const path = `/v1/conversations/user:${first}:${second}`;
  for (const what of ['', '/messages'])
    await ask(world, tenant, 'I12', `a stranger asks for ${path}${what}`, {
      method: 'GET',
      path: path + what,
      authorization,
    });
}

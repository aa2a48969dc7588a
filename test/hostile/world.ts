import { randomBytes } from 'node:crypto';
import { basic, bearer, must } from '../../verify/rest';

/** What every attacker knows: a tenant of its own, whatever anybody can sign up for, and where the instance is. */
export interface World {
  url: string;
  port: number;
  /** The address that attackers come from; never that of the honest callers, or limits of an address would hit those. */
  from: string;
  /** Authorization headers. */
  operator: string;
  developer: string;
  /** Users come into being by logging in. The honest pair lives in another app. */
  arbitrary: App;
  /** Users are made by the app server and have passwords. */
  fixed: App & { users: { userId: string; account: string; password: string }[] };
}

export interface App {
  appId: string;
  appToken: string;
  /** Authorization of its server. */
  server: string;
}

/** On Linux all of 127/8 is this machine; elsewhere attackers share the address of everybody. */
const ATTACKERS = process.platform === 'linux' ? '127.0.0.66' : '127.0.0.1';

/** Signs up as strangers do: a developer, an app of each account mode, users. */
export async function makeWorld(url: string, operatorToken: string): Promise<World> {
  const developer = await signUp(url);
  const fixed = await makeApp(url, developer, 'fixed');
  const users: World['fixed']['users'] = [];
  for (const userId of ['fixed-one', 'fixed-two'])
    users.push(await must(url, { method: 'POST', path: '/v1/users', authorization: fixed.server, body: { userId } }));
  return {
    url,
    port: Number(new URL(url).port),
    from: ATTACKERS,
    operator: bearer(operatorToken),
    developer,
    arbitrary: await makeApp(url, developer, 'arbitrary'),
    fixed: { ...fixed, users },
  };
}

export async function signUp(url: string): Promise<string> {
  const tag = randomBytes(6).toString('hex');
  const made = await must<{ accountSid: string; authToken: string }>(url, {
    method: 'POST',
    path: '/v1/developers',
    body: { email: `${tag}@example.org`, password: `${tag}-secret`, name: tag },
  });
  const authorization = basic(made.accountSid, made.authToken);
  await must(url, { method: 'POST', path: '/v1/developers/me/verification', authorization, body: { name: tag } });
  return authorization;
}

export async function makeApp(url: string, authorization: string, accountMode: 'fixed' | 'arbitrary'): Promise<App> {
  const app = await must<{ appId: string; appToken: string; appSecret: string }>(url, {
    method: 'POST',
    path: '/v1/apps',
    authorization,
    body: { name: accountMode, accountMode },
  });
  await must(url, { method: 'POST', path: `/v1/apps/${app.appId}/online`, authorization });
  return { appId: app.appId, appToken: app.appToken, server: basic(app.appId, app.appSecret) };
}

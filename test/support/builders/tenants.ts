import { randomUUID } from 'node:crypto';
import { ok, type Call, type Credential, type Door } from '../http';
import { OPERATOR_TOKEN } from '../harness';

export const PASSWORD = 'a password chosen by a person';

export interface TestDeveloper {
  parley: Door;
  accountSid: string;
  authToken: string;
  email: string;
  credential: Credential;
  api: Call;
}

export interface TestApp {
  parley: Door;
  developer: TestDeveloper;
  appId: string;
  appToken: string;
  appSecret: string;
  mode: 'fixed' | 'arbitrary';
  credential: Credential;
  /** Calls as the app server. */
  api: Call;
}

export const operator = (parley: Door): Call => parley.api.as({ bearer: OPERATOR_TOKEN });

/** A main account; verified unless told otherwise. */
export async function aDeveloper(parley: Door, { verified = true } = {}): Promise<TestDeveloper> {
  const email = `${randomUUID()}@example.com`;
  const { accountSid, authToken } = await ok(
    parley.api.post('/v1/developers', { email, password: PASSWORD, name: 'Ann' }),
  );
  const credential: Credential = { basic: [String(accountSid), String(authToken)] };
  if (verified) await ok(operator(parley).post(`/v1/operator/developers/${String(accountSid)}/approve`, {}));
  return {
    parley,
    accountSid: String(accountSid),
    authToken: String(authToken),
    email,
    credential,
    api: parley.api.as(credential),
  };
}

export interface AppOptions {
  mode?: 'fixed' | 'arbitrary';
  online?: boolean;
  developer?: TestDeveloper;
  /** Sent as they are with PATCH /v1/apps/{appId}. */
  settings?: object;
}

/** An app, online unless told otherwise, with a developer of its own unless one is given. */
export async function anApp(parley: Door, options: AppOptions = {}): Promise<TestApp> {
  const { mode = 'arbitrary', online = true, settings } = options;
  const developer = options.developer ?? (await aDeveloper(parley));
  const made = await ok(developer.api.post('/v1/apps', { name: 'An app', accountMode: mode }));
  const [appId, appToken, appSecret] = [made.appId, made.appToken, made.appSecret].map(String);
  if (settings) await ok(developer.api.patch(`/v1/apps/${appId}`, { settings }));
  if (online) await ok(developer.api.post(`/v1/apps/${appId}/online`, {}));
  const credential: Credential = { basic: [appId, appSecret] };
  return { parley, developer, appId, appToken, appSecret, mode, credential, api: parley.api.as(credential) };
}

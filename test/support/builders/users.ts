import { randomBytes } from 'node:crypto';
import { ok, type Call, type Door } from '../http';
import { connect, type Device, type DeviceOptions } from '../socket';
import type { TestApp } from './tenants';

export interface TestUser {
  app: TestApp;
  userId: string;
  /** Fixed mode only. */
  account?: string;
  password?: string;
}

export interface TestSession {
  user: TestUser;
  token: string;
  sessionId: string;
  /** Calls as the user. */
  api: Call;
}

export interface ConnectedUser extends TestSession {
  userId: string;
  device: Device;
}

const freshId = (): string => `user-${randomBytes(5).toString('hex')}`;

/** A user of the app, made by its app server. */
export async function aUser(
  app: TestApp,
  fields: { userId?: string; [field: string]: unknown } = {},
): Promise<TestUser> {
  const made = await ok(app.api.post('/v1/users', { userId: freshId(), ...fields }));
  return {
    app,
    userId: String(made.userId),
    ...(app.mode === 'fixed' && { account: String(made.account), password: String(made.password) }),
  };
}

/** A login, in the way of the app's account mode. `at`: the node to ask, when there are several. */
export async function aSession(user: TestUser, at: Door = user.app.parley): Promise<TestSession> {
  const { appId, appToken, mode } = user.app;
  const login =
    mode === 'fixed'
      ? { appId, account: user.account, password: user.password }
      : { appId, appToken, userId: user.userId };
  const { token, sessionId } = await ok(at.api.post('/v1/sessions', login));
  return { user, token: String(token), sessionId: String(sessionId), api: at.api.as({ bearer: String(token) }) };
}

/** A user of the app, logged in and connected. */
export async function aConnectedUser(
  app: TestApp,
  { userId, at = app.parley, ...device }: DeviceOptions & { userId?: string; at?: Door } = {},
): Promise<ConnectedUser> {
  const user = await aUser(app, userId === undefined ? {} : { userId });
  const session = await aSession(user, at);
  return { ...session, userId: user.userId, device: await connect(at.url, session.token, device) };
}

import { randomBytes } from 'node:crypto';
import { PushChannels } from '../../src/modules/push/channels';
import type { ProviderName } from '../../src/modules/push/provider';
import type { TestApp } from './builders';
import { eventually } from './eventually';
import type { Parley } from './harness';
import { type Call, ok } from './http';

/** A token like Apple's. */
export const aToken = (): string => randomBytes(32).toString('hex');

/** Binds a token to a device as a client does after its login. */
export async function bindDevice(
  { api }: { api: Call },
  deviceId: string,
  fields: { token?: string; provider?: ProviderName; locale?: string; timeZone?: string } = {},
): Promise<string> {
  const device = { platform: 'ios', provider: 'apns', token: aToken(), ...fields };
  await ok(api.put(`/v1/devices/${deviceId}`, device));
  return device.token;
}

/** Every app of this node has a working credential of Apple's, without one having been uploaded. */
export function withAppleEverywhere({ app }: Parley): void {
  const channels = app.get(PushChannels, { strict: false });
  jest
    .spyOn(channels, 'states')
    .mockImplementation((appPks) => Promise.resolve(new Map(appPks.map((pk) => [pk, new Map([['apns', 'ready']])]))));
}

/** A group of so many hundreds, each with a phone and none of them there. */
export async function aCrowd(
  { sql }: Parley,
  app: TestApp,
  members: number,
): Promise<{ groupId: string; owner: string; tokens: string[] }> {
  const userIds: string[] = [];
  for (let n = 0; n < members; n += 100) {
    const users = Array.from({ length: 100 }, () => ({ userId: `m-${randomBytes(5).toString('hex')}` }));
    await ok(app.api.post('/v1/users', users));
    userIds.push(...users.map(({ userId }) => userId));
  }
  const [owner = '', ...others] = userIds;
  const { groupId } = await ok<{ groupId: string }>(
    app.api.post('/v1/groups', { name: 'Crowd', visibility: 'public', owner, maxMembers: 2000 }),
  );
  for (let at = 0; at < others.length; at += 100)
    await ok(app.api.post(`/v1/groups/${groupId}/members`, { userIds: others.slice(at, at + 100) }));
  await sql.run(
    `INSERT INTO push_devices (appPk, userPk, deviceId, loginId, platform, provider, token, tokenHash, registeredAt)
      SELECT u.appPk, u.id, 'phone', 'a-login', 'ios', 'apns', CONCAT('token-of-', u.userId), UNHEX(SHA2(u.userId, 256)), NOW(3)
        FROM users u WHERE u.userId IN (?)`,
    [userIds],
  );
  return { groupId, owner, tokens: userIds.map((userId) => `token-of-${userId}`) };
}

/** Resolves when every message stored so far is decided about, and every push has its end. */
export const everyPushEnded = ({ sql }: Parley, withinMs = 60_000): Promise<true> =>
  eventually(
    'every push has its end',
    async () => {
      const [row] = await sql.rows<{ n: number }>(
        `SELECT (SELECT COUNT(*) FROM push_fanouts) + (SELECT COUNT(*) FROM push_batches)
          + (SELECT COUNT(*) FROM push_tasks WHERE seqs <> '')
          + (SELECT COUNT(*) FROM outbox WHERE state = 0) AS n`,
      );
      return row?.n === 0;
    },
    withinMs,
  );

/** What is bound in an app: `user/device: token`, in order. */
export async function boundIn({ sql }: Parley, appId: string): Promise<string[]> {
  const rows = await sql.rows<{ userId: string; deviceId: string; token: string }>(
    `SELECT u.userId, d.deviceId, d.token FROM push_devices d JOIN users u ON u.id = d.userPk JOIN apps a ON a.id = d.appPk
      WHERE a.appId = ?`,
    [appId],
  );
  return rows.map(({ userId, deviceId, token }) => `${userId}/${deviceId}: ${token}`).sort();
}

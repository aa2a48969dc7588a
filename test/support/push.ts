import { randomBytes } from 'node:crypto';
import { PushChannels } from '../../src/modules/push/channels';
import type { ProviderName } from '../../src/modules/push/provider';
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

import { Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { isDuplicateKey, Sql, type SqlExecutor } from '../../../platform/database/sql';
import { Live } from '../../../platform/realtime/live';
import type { LiveDevice } from '../../../platform/realtime/routes';
import { DeviceLogins, type KeptWithLogin, type LoginsEnding } from '../../accounts';
import type { DeviceFacts, DeviceState } from '../decision';
import type { ProviderName } from '../provider';

/** A row of push_devices as the sender needs it. */
export interface PushDevice {
  readonly pk: number;
  readonly appPk: number;
  readonly userPk: number;
  readonly deviceId: string;
  readonly platform: string;
  readonly provider: ProviderName;
  readonly token: string;
  readonly locale?: string;
  readonly timeZone?: string;
  readonly registeredAt: Date;
}

/** What a client says of its device. */
export interface Binding {
  readonly deviceId: string;
  readonly platform: string;
  readonly provider: ProviderName;
  readonly token: string;
  readonly locale?: string;
  readonly timeZone?: string;
}

interface DeviceColumns extends Omit<PushDevice, 'locale' | 'timeZone'> {
  locale: string | null;
  timeZone: string | null;
}

const COLUMNS = 'id AS pk, appPk, userPk, deviceId, platform, provider, token, locale, timeZone, registeredAt';

/** More devices than this nobody carries about: the one that was bound first is forgotten. */
export const DEVICES_MAX = 20;
/** Two who bind the same token at once: the one who comes second finds the row of the first and takes it away. */
const ATTEMPTS = 5;

/** Devices with a token. Every question is asked for hundreds of users at once. */
@Injectable()
export class PushDevices implements KeptWithLogin {
  constructor(
    private readonly sql: Sql,
    private readonly live: Live,
    logins: DeviceLogins,
  ) {
    logins.register(this);
  }

  /**
   * What is known of these users' devices, the one bound last first; with them the connected ones without a token. Users
   * of whom nothing is known are left out.
   */
  async of(appPk: number, userPks: readonly number[]): Promise<Map<number, DeviceFacts[]>> {
    const [rows, connected] = await Promise.all([this.rowsOf(appPk, userPks), this.live.devices(appPk, userPks)]);
    const known = new Set([...rows.keys(), ...connected.keys()]);
    return new Map([...known].map((userPk) => [userPk, factsOf(rows.get(userPk) ?? [], connected.get(userPk) ?? [])]));
  }

  /** The rows of these users, the one bound last first. */
  async rowsOf(appPk: number, userPks: readonly number[]): Promise<Map<number, PushDevice[]>> {
    const devices = new Map<number, PushDevice[]>();
    if (userPks.length === 0) return devices;
    const rows = await this.sql.rows<DeviceColumns>(
      `SELECT ${COLUMNS} FROM push_devices WHERE userPk IN (?) AND appPk = ? ORDER BY userPk, registeredAt DESC, id DESC`,
      [[...userPks], appPk],
    );
    for (const row of rows) {
      const own = devices.get(row.userPk);
      if (own) own.push(deviceOf(row));
      else devices.set(row.userPk, [deviceOf(row)]);
    }
    return devices;
  }

  /** The tokens of these rows, as they are now; rows that are gone are left out. */
  async byPks(devicePks: readonly number[]): Promise<Map<number, PushDevice>> {
    if (devicePks.length === 0) return new Map();
    const rows = await this.sql.rows<DeviceColumns>(`SELECT ${COLUMNS} FROM push_devices WHERE id IN (?)`, [
      [...devicePks],
    ]);
    return new Map(rows.map((row) => [row.pk, deviceOf(row)]));
  }

  /**
   * Binds, inside the caller's transaction and under the user's row: the token is this device's from now on, whoever had
   * it. The row of a device stays the same, so that what is on its way to it finds the new token.
   */
  async bind(tx: SqlExecutor, appPk: number, userPk: number, loginId: string, binding: Binding): Promise<void> {
    const { deviceId, platform, provider, token, locale = null, timeZone = null } = binding;
    const tokenHash = hashOf(binding);
    await tx.run('DELETE FROM push_devices WHERE appPk = ? AND tokenHash = ? AND NOT (userPk = ? AND deviceId = ?)', [
      appPk,
      tokenHash,
      userPk,
      deviceId,
    ]);
    const values = [loginId, platform, provider, token, tokenHash, locale, timeZone];
    const { affectedRows } = await tx.run(
      `UPDATE push_devices SET loginId = ?, platform = ?, provider = ?, token = ?, tokenHash = ?, locale = ?, timeZone = ?,
          registeredAt = NOW(3) WHERE userPk = ? AND deviceId = ?`,
      [...values, userPk, deviceId],
    );
    if (affectedRows > 0) return;
    await tx.run(
      `INSERT INTO push_devices
          (loginId, platform, provider, token, tokenHash, locale, timeZone, userPk, deviceId, appPk, registeredAt)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))`,
      [...values, userPk, deviceId, appPk],
    );
    await this.forgetTheFirst(tx, userPk);
  }

  /** Runs a transaction that binds; again when somebody bound the same token in the same moment. */
  async binding<T>(work: (tx: SqlExecutor) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.sql.transaction(work);
      } catch (error) {
        if (!isDuplicateKey(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async unbind(appPk: number, userPk: number, deviceId: string): Promise<void> {
    await this.sql.run('DELETE FROM push_devices WHERE userPk = ? AND deviceId = ? AND appPk = ?', [
      userPk,
      deviceId,
      appPk,
    ]);
  }

  /**
   * A vendor said that the token is dead: forgotten, unless a client has bound this device again since it was read, or
   * since the vendor's own time of death. True when it went.
   */
  async forget({ pk, registeredAt }: Pick<PushDevice, 'pk' | 'registeredAt'>, since?: Date): Promise<boolean> {
    if (since && since <= registeredAt) return false;
    const { affectedRows } = await this.sql.run('DELETE FROM push_devices WHERE id = ? AND registeredAt = ?', [
      pk,
      registeredAt,
    ]);
    return affectedRows > 0;
  }

  /** Inside the transaction that ends logins: no token outlives the last login on its device. */
  async loginsEnd(tx: SqlExecutor, { userPk, all, exceptLoginId, loginIds, deviceIds }: LoginsEnding): Promise<void> {
    if (all) {
      await tx.run('DELETE FROM push_devices WHERE userPk = ?', [userPk]);
      return;
    }
    const [scope, value] =
      exceptLoginId !== undefined
        ? (['loginId <> ?', [exceptLoginId]] as const)
        : (['(loginId IN (?) OR deviceId IN (?))', [orNone(loginIds), orNone(deviceIds)]] as const);
    await tx.run(
      `DELETE FROM push_devices WHERE userPk = ? AND ${scope} AND deviceId NOT IN (
          SELECT deviceId FROM sessions WHERE userPk = ? AND endedAt IS NULL AND deviceId IS NOT NULL)`,
      [userPk, ...value, userPk],
    );
  }

  private async forgetTheFirst(tx: SqlExecutor, userPk: number): Promise<void> {
    const rows = await tx.rows<{ id: number }>(
      'SELECT id FROM push_devices WHERE userPk = ? ORDER BY registeredAt DESC, id DESC LIMIT 100',
      [userPk],
    );
    const tooMany = rows.slice(DEVICES_MAX).map(({ id }) => id);
    if (tooMany.length > 0) await tx.run('DELETE FROM push_devices WHERE id IN (?)', [tooMany]);
  }
}

/** `IN ()` is no SQL; nothing is called by the empty string. */
const orNone = (names: readonly string[]): string[] => (names.length === 0 ? [''] : [...names]);

/** Apple's tokens are bytes in hexadecimal, so two ways to write one are the same token. */
const hashOf = ({ provider, token }: Binding): Buffer =>
  createHash('sha256')
    .update(provider === 'apns' && /^[0-9a-fA-F]+$/.test(token) ? token.toLowerCase() : token)
    .digest();

const deviceOf = (row: DeviceColumns): PushDevice => ({
  pk: row.pk,
  appPk: row.appPk,
  userPk: row.userPk,
  deviceId: row.deviceId,
  platform: row.platform,
  provider: row.provider,
  token: row.token,
  locale: row.locale ?? undefined,
  timeZone: row.timeZone ?? undefined,
  registeredAt: row.registeredAt,
});

function factsOf(bound: readonly PushDevice[], connected: readonly LiveDevice[]): DeviceFacts[] {
  const known = new Set(bound.map(({ deviceId }) => deviceId));
  const stateOf = (deviceId: string): DeviceState => {
    // While a device moves from one connection to another both may be there.
    const states = connected.filter((each) => each.deviceId === deviceId).map(({ state }) => state);
    return states.includes('foreground') ? 'foreground' : (states[0] ?? 'offline');
  };
  const others = [...new Set(connected.map(({ deviceId }) => deviceId))].filter((deviceId) => !known.has(deviceId));
  return [
    ...bound.map(({ pk, deviceId, provider, locale, timeZone }) => ({
      deviceId,
      state: stateOf(deviceId),
      pk,
      provider,
      ...(locale !== undefined && { locale }),
      ...(timeZone !== undefined && { timeZone }),
    })),
    ...others.map((deviceId) => ({ deviceId, state: stateOf(deviceId) })),
  ];
}

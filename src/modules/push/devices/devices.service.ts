import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../../kernel/caller';
import { invalid } from '../../../kernel/errors/app-error';
import { ID_PATTERN } from '../../../kernel/ids';
import { DeviceLogins } from '../../accounts';
import type { DeviceDto } from './device.dto';
import { isTimeZone } from '../settings/quiet-hours';
import { type PushDevice, PushDevices } from './push-devices';

/** A device as its user sees it; the token stays here. */
export type DeviceView = Pick<PushDevice, 'deviceId' | 'platform' | 'provider' | 'locale' | 'timeZone'> & {
  registeredAt: string;
};

/** The tokens of a user's own devices (G4, G7). */
@Injectable()
export class DevicesService {
  constructor(
    private readonly devices: PushDevices,
    private readonly logins: DeviceLogins,
  ) {}

  async list(caller: UserCaller): Promise<{ items: DeviceView[] }> {
    const rows = await this.devices.rowsOf(caller.app.pk, [caller.userPk]);
    return { items: (rows.get(caller.userPk) ?? []).map(viewOf) };
  }

  /** Binds the token to this device and login; whoever had the token in this app has it no more. Throws TOKEN_REVOKED. */
  async bind(caller: UserCaller, deviceId: string, device: DeviceDto): Promise<DeviceView | undefined> {
    assertDeviceId(deviceId);
    if (device.timeZone !== undefined && !isTimeZone(device.timeZone)) {
      throw invalid('timeZone', 'Not a time zone that this server knows.');
    }
    await this.devices.binding(async (tx) => {
      const loginId = await this.logins.hold(tx, caller, deviceId);
      await this.devices.bind(tx, caller.app.pk, caller.userPk, loginId, { deviceId, ...device });
    });
    const { items } = await this.list(caller);
    return items.find((each) => each.deviceId === deviceId);
  }

  /** No push to this device any more; nothing happens where none was bound. */
  async unbind(caller: UserCaller, deviceId: string): Promise<void> {
    assertDeviceId(deviceId);
    await this.devices.unbind(caller.app.pk, caller.userPk, deviceId);
  }
}

function assertDeviceId(deviceId: string): void {
  if (!ID_PATTERN.test(deviceId)) throw invalid('deviceId', 'One to 64 of A-Z a-z 0-9 _ . @ -');
}

const viewOf = ({ deviceId, platform, provider, locale, timeZone, registeredAt }: PushDevice): DeviceView => ({
  deviceId,
  platform,
  provider,
  ...(locale !== undefined && { locale }),
  ...(timeZone !== undefined && { timeZone }),
  registeredAt: registeredAt.toISOString(),
});

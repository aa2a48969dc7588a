import { Injectable } from '@nestjs/common';
import type { UserCaller } from '../../../kernel/caller';
import type { Warning } from '../../../kernel/contracts/warning';
import { invalid } from '../../../kernel/errors/app-error';
import { ID_PATTERN, ID_RULE } from '../../../kernel/ids';
import { DeviceLogins } from '../../accounts';
import type { DeviceDto } from './device.dto';
import { localeOf } from './locale';
import { type PushDevice, PushDevices } from './push-devices';
import { timeZoneOf } from './time-zone';

/** A device as its user sees it; the token stays here. */
export type DeviceView = Pick<PushDevice, 'deviceId' | 'platform' | 'provider' | 'locale' | 'timeZone'> & {
  registeredAt: string;
};

/** What was left out of a binding, and why; the device is bound without it. */
export interface BoundDeviceView extends DeviceView {
  warnings?: Warning[];
}

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

  /**
   * Binds the token to this device and login; whoever had the token in this app has it no more.
   *
   * @throws AppError TOKEN_REVOKED
   */
  async bind(caller: UserCaller, deviceId: string, given: DeviceDto): Promise<BoundDeviceView | undefined> {
    assertDeviceId(deviceId);
    const { device, warnings } = understood(given);
    await this.devices.binding(async (tx) => {
      const loginId = await this.logins.hold(tx, caller, deviceId);
      await this.devices.bind(tx, caller.app.pk, caller.userPk, loginId, { deviceId, ...device });
    });
    const { items } = await this.list(caller);
    const bound = items.find((each) => each.deviceId === deviceId);
    return bound && { ...bound, ...(warnings.length > 0 && { warnings }) };
  }

  /** No push to this device any more; nothing happens where none was bound. */
  async unbind(caller: UserCaller, deviceId: string): Promise<void> {
    assertDeviceId(deviceId);
    await this.devices.unbind(caller.app.pk, caller.userPk, deviceId);
  }
}

function assertDeviceId(deviceId: string): void {
  if (!ID_PATTERN.test(deviceId)) throw invalid('deviceId', ID_RULE);
}

/** Hints that a device's system words in its own way; one that nobody understands must not cost the binding. */
function understood({ locale: saidLocale, timeZone: saidZone, ...rest }: DeviceDto) {
  const [locale, timeZone] = [saidLocale && localeOf(saidLocale), saidZone && timeZoneOf(saidZone)];
  const warnings: Warning[] = [];
  if (saidLocale && !locale) {
    warnings.push({ field: 'locale', message: 'Not a language that is understood; the device is bound without one.' });
  }
  if (saidZone && !timeZone) {
    warnings.push({ field: 'timeZone', message: 'Not a time zone that is known; the device is bound without one.' });
  }
  return { device: { ...rest, ...(locale && { locale }), ...(timeZone && { timeZone }) }, warnings };
}

const viewOf = ({ deviceId, platform, provider, locale, timeZone, registeredAt }: PushDevice): DeviceView => ({
  deviceId,
  platform,
  provider,
  ...(locale !== undefined && { locale }),
  ...(timeZone !== undefined && { timeZone }),
  registeredAt: registeredAt.toISOString(),
});

import type { DeviceFacts } from '../decision';

/** Devices with a token. Every question is asked for hundreds of users at once. */
export abstract class PushDevices {
  /** What is known of these users' devices, connected ones without a token included; users without any are left out. */
  abstract of(appPk: number, userPks: readonly number[]): Promise<ReadonlyMap<number, readonly DeviceFacts[]>>;
  /** The tokens of these rows, as they are now; rows that are gone are left out. */
  abstract byPks(devicePks: readonly number[]): Promise<ReadonlyMap<number, PushDevice>>;
  /** A vendor said that the token is dead: forgotten unless it was bound again after `since`. True when it went. */
  abstract forget(devicePk: number, since: Date): Promise<boolean>;
}

/** A row of push_devices as the sender needs it. */
export interface PushDevice {
  readonly pk: number;
  readonly appPk: number;
  readonly userPk: number;
  readonly deviceId: string;
  readonly platform: string;
  readonly provider: DeviceFacts['provider'];
  readonly token: string;
  readonly locale?: string;
  readonly timeZone?: string;
  readonly registeredAt: Date;
}

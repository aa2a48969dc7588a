import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { IsTag, Nullable } from '../../../platform/entry/rules';
import { PROVIDER_NAMES, type ProviderName } from '../provider';

/** `PUT /v1/devices/{deviceId}`. */
export class DeviceDto {
  /** `ios`, `android` … as in the handshake. */
  @IsString()
  @IsTag()
  platform!: string;

  /** Whose push service gave the token. */
  @IsIn(PROVIDER_NAMES)
  provider!: ProviderName;

  /** As the vendor's library handed it to the client. */
  @IsString()
  @Matches(/^[\x21-\x7e]{1,4096}$/, { message: 'Must have 1 to 4096 visible ASCII characters.' })
  token!: string;

  /**
   * The device's language, where its user chose none, in the form that its system has it: `zh-Hans-CN`, `zh_CN_#Hans`,
   * `en_US@calendar=gregorian`. One that is not understood is left out, and `warnings` says so.
   */
  @IsOptional()
  @Nullable()
  @IsString()
  locale?: string | null;

  /**
   * For quiet hours that name none: `Asia/Shanghai`, or as the device's system has it, `GMT+08:00`, `China Standard Time`.
   * One that is not understood is left out, and `warnings` says so.
   */
  @IsOptional()
  @Nullable()
  @IsString()
  timeZone?: string | null;
}

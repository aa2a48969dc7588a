import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { PROVIDER_NAMES, type ProviderName } from '../provider';

/** A language tag: `zh`, `en`, `pt-BR`, `zh-Hans-CN`. */
export const LANGUAGE = /^(?=.{1,35}$)[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}$/;
/** What a time zone's name may look like; whether there is one of this name is asked afterwards. */
export const TIME_ZONE = /^[A-Za-z0-9_+/-]{1,64}$/;

/** `PUT /v1/devices/{deviceId}`. */
export class DeviceDto {
  /** `ios`, `android` … as in the handshake. */
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,32}$/)
  platform!: string;

  /** Whose push service gave the token. */
  @IsIn(PROVIDER_NAMES)
  provider!: ProviderName;

  /** As the vendor's library handed it to the client. */
  @IsString()
  @Matches(/^[\x21-\x7e]{1,4096}$/)
  token!: string;

  /** The device's language, where its user chose none. */
  @IsOptional()
  @IsString()
  @Matches(LANGUAGE)
  locale?: string;

  /** IANA, `Asia/Shanghai`: for quiet hours that name none. */
  @IsOptional()
  @IsString()
  @Matches(TIME_ZONE)
  timeZone?: string;
}

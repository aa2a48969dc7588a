import { IsIn, IsOptional, IsString, Matches } from 'class-validator';
import { IsTag } from '../../../platform/entry/rules';
import { PROVIDER_NAMES, type ProviderName } from '../provider';

/** A language tag: `zh`, `en`, `pt-BR`, `zh-Hans-CN`. */
const LANGUAGE = /^(?=.{1,35}$)[A-Za-z]{2,8}([_-][A-Za-z0-9]{1,8}){0,4}$/;
/** What a time zone's name may look like; whether there is one of this name is asked afterwards. */
const TIME_ZONE = /^[A-Za-z0-9_+/-]{1,64}$/;

export const IsLanguage = (): PropertyDecorator =>
  Matches(LANGUAGE, { message: 'A language tag is written as zh, pt-BR or zh-Hans-CN.' });
export const IsTimeZone = (): PropertyDecorator =>
  Matches(TIME_ZONE, { message: 'A time zone is written as Asia/Shanghai.' });

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

  /** The device's language, where its user chose none. */
  @IsOptional()
  @IsString()
  @IsLanguage()
  locale?: string;

  /** IANA, `Asia/Shanghai`: for quiet hours that name none. */
  @IsOptional()
  @IsString()
  @IsTimeZone()
  timeZone?: string;
}

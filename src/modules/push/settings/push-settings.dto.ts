import { Type } from 'class-transformer';
import { IsIn, IsOptional, IsString, Matches, ValidateNested } from 'class-validator';
import { IsName } from '../../../platform/entry/rules';
import { PUSH_STYLES, type PushStyle } from '../../tenancy';

const WALL_TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

/** No push from `from` (inclusive) to `to` (exclusive), every day, past midnight where `from` is the later one. */
export class QuietHoursDto {
  /** `HH:MM` */
  @IsString()
  @Matches(WALL_TIME, { message: 'A time of the day is written as 22:00.' })
  from!: string;

  /** `HH:MM`, another than `from`. */
  @IsString()
  @Matches(WALL_TIME, { message: 'A time of the day is written as 22:00.' })
  to!: string;

  /** `Asia/Shanghai`, or in another form that a device may name it in. Absent: that of the device that was bound last, else UTC. */
  @IsOptional()
  @IsString()
  timeZone?: string;
}

/** `PUT /v1/push/settings`: all of them at once; what is left out is not wished any more. */
export class PushSettingsDto {
  /** How this user is named in the pushes of others, instead of the nickname of its profile. */
  @IsOptional()
  @IsName(64)
  nickname?: string;

  /** `full` shows what was written, `hidden` only that something was. */
  @IsOptional()
  @IsIn(PUSH_STYLES)
  style?: PushStyle;

  @IsOptional()
  @ValidateNested()
  @Type(() => QuietHoursDto)
  quietHours?: QuietHoursDto;

  /** `zh`, `en`, or one that the app has templates for; in any form that a device may name it in. */
  @IsOptional()
  @IsString()
  language?: string;
}

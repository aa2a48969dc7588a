import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Matches, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { IsName } from '../../../platform/entry/rules';
import type { AccountMode } from '../app.entity';
import { AppSettingsDto } from './app-settings.dto';

const HTTP_URL = /^https?:\/\/\S+$/;

export class CreateAppDto {
  @IsName(128)
  name!: string;

  /** `arbitrary` (the default): users log in under the app's own names. `fixed`: accounts and passwords are generated. */
  @IsOptional()
  @IsIn(['arbitrary', 'fixed'])
  accountMode?: AccountMode;

  /** Short for `settings.callbackUrl`. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  @Matches(HTTP_URL, { message: 'This is not an http or https URL.' })
  callbackUrl?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => AppSettingsDto)
  settings?: AppSettingsDto;
}

export class ChangeAppDto {
  @IsOptional()
  @IsName(128)
  name?: string;

  @IsOptional()
  @ValidateNested()
  @Type(() => AppSettingsDto)
  settings?: AppSettingsDto;
}

export class RotateSecretDto {
  /** How long the present secret stays valid beside the new one; 0 ends it at once, a day when absent, 30 days at most. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(30 * 86_400)
  overlapSeconds?: number;
}

import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, IsString, Max, MaxLength, Min, ValidateNested } from 'class-validator';
import { IsName, NotOffered } from '../../../platform/entry/rules';
import type { AccountMode } from '../app.entity';
import { AppSettingsDto } from './app-settings.dto';

export class CreateAppDto {
  @IsName(128)
  name!: string;

  /** `arbitrary` (the default): users log in under the app's own names. `fixed`: accounts and passwords are generated. */
  @IsOptional()
  @IsIn(['arbitrary', 'fixed'])
  accountMode?: AccountMode;

  /** Refused until there are webhooks. */
  @NotOffered()
  @IsOptional()
  @IsString()
  @MaxLength(512)
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

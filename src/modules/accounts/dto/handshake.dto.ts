import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsIn, IsOptional, IsString, MaxLength, ValidateNested } from 'class-validator';
import { IsNewId, IsTag } from '../../../platform/entry/rules';

export class HandshakeDeviceDto {
  /** One for each installation; the same that `/v1/devices/{deviceId}` names. */
  @IsString()
  @IsNewId()
  id!: string;

  /** `ios`, `android`, `web` …; what the policy one-per-platform counts by. */
  @IsString()
  @IsTag()
  platform!: string;

  @IsOptional()
  @IsIn(['foreground', 'background'])
  state?: 'foreground' | 'background';
}

/** What the handshake's `auth` carries. */
export class HandshakeDto {
  /** A user token, from `POST /v1/sessions` or from the app's server. */
  @IsString()
  @MaxLength(1024)
  token!: string;

  @ValidateNested()
  @Type(() => HandshakeDeviceDto)
  device!: HandshakeDeviceDto;

  /** What the client understands besides the core; unknown ones are passed over. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @MaxLength(32, { each: true })
  features?: string[];
}

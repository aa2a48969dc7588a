import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { DEVICE_POLICIES, TOKEN_TTL_MAX_SECONDS, type DevicePolicyKind } from '../app-settings';

/** How many devices a user may be logged in on at once; whoever is too many is kicked, the oldest first. */
export class DevicePolicyDto {
  @IsOptional()
  @IsIn(DEVICE_POLICIES)
  kind?: DevicePolicyKind;

  /** For `multi`: devices a user. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  max?: number;
}

/** What a user id must look like in arbitrary mode, beyond what every id must. */
export class UserIdRuleDto {
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  minLength?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(64)
  maxLength?: number;

  /** No leading `g` or `G`. */
  @IsOptional()
  @IsBoolean()
  forbidLeadingG?: boolean;
}

/** Any part of an app's settings; what is left out stays as it is, and unknown ones are refused. */
export class AppSettingsDto {
  @IsOptional()
  @ValidateNested()
  @Type(() => DevicePolicyDto)
  devicePolicy?: DevicePolicyDto;

  @IsOptional()
  @ValidateNested()
  @Type(() => UserIdRuleDto)
  userIdRule?: UserIdRuleDto;

  /** Arbitrary mode: a message to a valid name that never logged in waits for it, instead of USER_NOT_FOUND. */
  @IsOptional()
  @IsBoolean()
  acceptUnknownRecipients?: boolean;

  /** Life of a user token; at most 30 days. */
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(TOKEN_TTL_MAX_SECONDS)
  tokenTtlSeconds?: number;

  /** Days that messages are kept, and some minutes; 0: for ever, unless the plan says less. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(36_500)
  historyDays?: number;

  /** Longest text, in bytes of UTF-8; 0: the deployment's limit, which it cannot pass. */
  @IsOptional()
  @IsInt()
  @Min(0)
  textBytes?: number;

  /** Told to clients at login instead of the deployment's endpoints; empty: the deployment's. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(16)
  @IsString({ each: true })
  @MaxLength(512, { each: true })
  @Matches(/^(https?|wss?):\/\/\S+$/, { each: true })
  endpoints?: string[];

  /** Where the app's server hears of events; empty: nowhere. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  @Matches(/^(https?:\/\/\S+)?$/)
  callbackUrl?: string;
}

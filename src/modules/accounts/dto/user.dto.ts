import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
} from 'class-validator';
import { IsId, IsName, Nullable } from '../../../platform/entry/rules';

const HTTP_URL = /^https?:\/\/[^\s"'<>\\]+$/;

export class CreateUserDto {
  /** Your own id of the user. Fixed mode: generated when absent; arbitrary mode: required. */
  @IsOptional()
  @IsString({ message: 'userId must be a string; put a numeric id in quotes' })
  @IsId()
  userId?: string;

  @IsOptional()
  @IsName(64)
  nickname?: string;

  /** Fixed mode: chosen by you; generated when absent. */
  @IsOptional()
  @IsString()
  @MinLength(6)
  @MaxLength(128)
  password?: string;

  @IsOptional()
  @IsString()
  @MaxLength(512)
  @Matches(HTTP_URL, { message: 'avatarUrl must begin with http:// or https://' })
  avatarUrl?: string;

  /** Fields of your own, 2 KB of JSON. */
  @IsOptional()
  @IsObject()
  profile?: Record<string, unknown>;
}

/** What is left out stays; null clears. */
export class PatchUserDto {
  @IsOptional()
  @Nullable()
  @IsName(64)
  nickname?: string | null;

  @IsOptional()
  @Nullable()
  @IsString()
  @MaxLength(512)
  @Matches(HTTP_URL, { message: 'avatarUrl must begin with http:// or https://' })
  avatarUrl?: string | null;

  @IsOptional()
  @Nullable()
  @IsObject()
  profile?: Record<string, unknown> | null;
}

export class PresenceQuery {
  /** Comma-separated. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  userIds!: string[];
}

/** `presence:subscribe`. */
export class PresenceSubscribeDto {
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  userIds!: string[];

  /** True: stop hearing of these. */
  @IsOptional()
  @IsBoolean()
  unsubscribe?: boolean;
}

import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsId, IsName, IsNewId, Nullable } from '../../../platform/entry/rules';

const MEMBERS_MAX = 1_000_000;
const ADMINS_MAX = 100;
const SLOW_MAX_S = 3600;

class ChatroomRules {
  /** Seconds between two messages of one user, 0 for none; not for the owner, admins and the allow-list. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(SLOW_MAX_S)
  slowModeSeconds?: number;

  /** Members may set attributes of their own. */
  @IsOptional()
  @IsBoolean()
  membersMaySetAttributes?: boolean;

  /** Never closed for being idle. */
  @IsOptional()
  @IsBoolean()
  keepAlive?: boolean;
}

export class CreateChatroomDto extends ChatroomRules {
  /** Your own id of the room; generated when absent. The id of a closed room opens it again with new settings. */
  @IsOptional()
  @IsString()
  @IsNewId()
  chatroomId?: string;

  @IsName(128)
  name!: string;

  @IsOptional()
  @IsString()
  @MaxLength(1024)
  description?: string;

  /** How many members it may have at once; unlimited when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MEMBERS_MAX)
  maxMembers?: number;

  /** A user with the rights of an admin, and with rights over the admins. */
  @IsOptional()
  @IsString()
  @IsId()
  owner?: string;

  @IsOptional()
  @IsArray()
  @ArrayMaxSize(ADMINS_MAX)
  @IsString({ each: true })
  @IsId({ each: true })
  admins?: string[];
}

/** Fields that are left out stay as they are; null clears. */
export class PatchChatroomDto extends ChatroomRules {
  @IsOptional()
  @IsName(128)
  name?: string;

  @IsOptional()
  @Nullable()
  @IsString()
  @MaxLength(1024)
  description?: string | null;

  @IsOptional()
  @Nullable()
  @IsInt()
  @Min(1)
  @Max(MEMBERS_MAX)
  maxMembers?: number | null;

  @IsOptional()
  @Nullable()
  @IsString()
  @IsId()
  owner?: string | null;
}

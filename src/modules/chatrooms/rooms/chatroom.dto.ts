import { ArrayMaxSize, IsArray, IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { IsId, IsName, IsNewId, Nullable } from '../../../platform/entry/rules';
import { RECENT_MAX } from '../live/room-feed';

const MEMBERS_MAX = 1_000_000;
const ADMINS_MAX = 100;
const SLOW_MAX_S = 3600;
/** Of one room. */
export const ATTRIBUTES_MAX = 100;

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

export class AttributeDto {
  /** At most 4 KB of UTF-8. */
  @IsString()
  @MaxLength(4096)
  value!: string;

  /** Remove the attribute when the user who set it leaves the room. */
  @IsOptional()
  @IsBoolean()
  autoDelete?: boolean;
}

export class AttributesQuery {
  /** Attributes per page; all of them when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(ATTRIBUTES_MAX)
  limit?: number;

  /** `nextCursor` of the page before, or of the answer to `chatroom:join`. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

/** Socket events name the room in their data. */
export class ChatroomIdDto {
  @IsString()
  @IsId()
  chatroomId!: string;
}

export class ChatroomJoinDto extends ChatroomIdDto {
  /** How many of the latest messages to send first; 10 when absent. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(RECENT_MAX)
  history?: number;

  /** The `visit` of an earlier join's answer. The join is refused when the user was removed or the room closed since. */
  @IsOptional()
  @IsInt()
  @Min(0)
  visit?: number;
}

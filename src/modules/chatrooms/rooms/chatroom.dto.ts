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

  /** Whoever is in sets attributes of its own. */
  @IsOptional()
  @IsBoolean()
  membersMaySetAttributes?: boolean;

  /** Never closed for being idle. */
  @IsOptional()
  @IsBoolean()
  keepAlive?: boolean;
}

export class CreateChatroomDto extends ChatroomRules {
  /** Your own id of the room; generated when absent. That of a closed room opens it again, with nothing of what it was. */
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

  /** Users in it at once; as many as come when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MEMBERS_MAX)
  maxMembers?: number;

  /** A user who decides in it as its admins do, and about them. */
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

/** What is left out stays; null clears. */
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

  /** Goes when the user who set it leaves the room. */
  @IsOptional()
  @IsBoolean()
  autoDelete?: boolean;
}

export class AttributesQuery {
  /** Attributes a page; as many as there are when absent. */
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

/** The socket's twins name the room in their data. */
export class ChatroomIdDto {
  @IsString()
  @IsId()
  chatroomId!: string;
}

export class ChatroomJoinDto extends ChatroomIdDto {
  /** How many of the latest messages come first; 10 when absent. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(RECENT_MAX)
  history?: number;

  /** From the answer to an earlier join: comes back as that visit, unless the user was put out or the room closed since. */
  @IsOptional()
  @IsInt()
  @Min(0)
  visit?: number;
}

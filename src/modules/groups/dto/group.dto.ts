import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { PageQuery } from '../../../platform/entry/page-query';
import { IsId, IsName, IsNewId, Nullable } from '../../../platform/entry/rules';
import type { Visibility } from '../group.entity';

/** Members of the largest group. */
export const MEMBERS_MAX = 10_000;
const INITIAL_MAX = 500;

/** What its owner may switch; all off unless said otherwise. */
class GroupSwitches {
  @IsOptional()
  @IsBoolean()
  membersMayInvite?: boolean;

  /** Who is invited comes in only when it accepts. */
  @IsOptional()
  @IsBoolean()
  invitationsNeedConsent?: boolean;

  @IsOptional()
  @IsBoolean()
  adminsMayRemove?: boolean;

  /** Everybody in the app may read what is written. */
  @IsOptional()
  @IsBoolean()
  readableByNonMembers?: boolean;

  /** New members read also what was written before they came. */
  @IsOptional()
  @IsBoolean()
  historyForNewMembers?: boolean;
}

export class CreateGroupDto extends GroupSwitches {
  /** Your own id of the group, never used again once it was; generated when absent. */
  @IsOptional()
  @IsString()
  @IsNewId()
  groupId?: string;

  @IsName(128)
  name!: string;

  @IsOptional()
  @IsString()
  @MaxLength(1024)
  introduction?: string;

  /** public: a join takes effect at once. private: it waits for the owner or an admin, and nobody else sees the group. */
  @IsIn(['public', 'private'])
  visibility!: Visibility;

  /** In at once. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(INITIAL_MAX)
  @IsString({ each: true })
  @IsId({ each: true })
  members?: string[];

  /** 500 when absent; the plan may allow fewer. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MEMBERS_MAX)
  maxMembers?: number;

  /** App servers: whose group it is. */
  @IsOptional()
  @IsString()
  @IsId()
  owner?: string;

  /** False: the owner is no member (it still decides). */
  @IsOptional()
  @IsBoolean()
  ownerJoins?: boolean;
}

/** What is left out stays; null clears. */
export class PatchGroupDto extends GroupSwitches {
  @IsOptional()
  @IsName(128)
  name?: string;

  @IsOptional()
  @Nullable()
  @IsString()
  @MaxLength(1024)
  introduction?: string | null;

  @IsOptional()
  @IsIn(['public', 'private'])
  visibility?: Visibility;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MEMBERS_MAX)
  maxMembers?: number;

  /** Fields of your own, 4 KB of JSON. */
  @IsOptional()
  @Nullable()
  @IsObject()
  attributes?: Record<string, unknown> | null;
}

export class UserIdDto {
  @IsString()
  @IsId()
  userId!: string;
}

export class JoinDto {
  /** What the owner and admins read. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  message?: string;
}

export class RejectDto {
  @IsOptional()
  @IsString()
  @MaxLength(512)
  reason?: string;
}

export class PatchMemberDto {
  /** Its name in this group. */
  @IsOptional()
  @Nullable()
  @IsName(64)
  nickname?: string | null;

  /** Fields of your own, 2 KB of JSON. */
  @IsOptional()
  @Nullable()
  @IsObject()
  attributes?: Record<string, unknown> | null;
}

export class RequestsQuery extends PageQuery {
  /** pending when absent. */
  @IsOptional()
  @IsIn(['pending', 'approved', 'rejected'])
  status?: 'pending' | 'approved' | 'rejected';
}

export class ReadersQuery extends PageQuery {
  /** Who has read it (when absent), or who has not. */
  @IsOptional()
  @IsIn(['read', 'unread'])
  status?: 'read' | 'unread';
}

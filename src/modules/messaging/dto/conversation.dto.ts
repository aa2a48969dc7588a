import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import type { PullRequest, SyncRequest } from '../../../kernel/contracts/socket-events';
import { PAGE_MAX, PageQuery } from '../../../platform/entry/page-query';
import { IsSeq } from '../../../platform/entry/rules';
import { HistoryQuery } from '../../conversations';

const CONVERSATION_ID = /^(user:[A-Za-z0-9_.@-]{1,64}:|group:|chatroom:|system:)[A-Za-z0-9_.@-]{1,64}$/;

export class ConversationIdDto {
  /** `user:{a}:{b}` with a < b, `group:{groupId}`, `chatroom:{chatroomId}` or `system:{userId}`. */
  @IsString()
  @Matches(CONVERSATION_ID, { message: 'A conversation id is user:{a}:{b}, group:{id}, chatroom:{id} or system:{id}.' })
  conversationId!: string;
}

/** A cumulative mark: everything up to `seq`. */
export class MarkDto extends ConversationIdDto {
  @IsSeq()
  seq!: number;
}

export class ReadDto {
  @IsSeq()
  seq!: number;
}

export class PullDto extends ConversationIdDto implements PullRequest {
  /** Exclusive; oldest first. */
  @IsOptional()
  @IsSeq()
  after?: number;

  /** Exclusive; newest first. */
  @IsOptional()
  @IsSeq()
  before?: number;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(PAGE_MAX)
  limit?: number;
}

export class ConversationHistoryQuery extends HistoryQuery {
  /** ISO 8601 with its zone (`2026-01-31T09:30:00.000Z`): messages sent at this time or later, oldest first. */
  @IsOptional()
  @IsISO8601()
  from?: string;
}

/** Rooms are in the app's list alone: nobody has them in its own. */
const LISTED_KINDS = ['user', 'group', 'chatroom', 'system'] as const;

export class ConversationsQuery extends PageQuery {
  /** Only conversations of this kind. */
  @IsOptional()
  @IsIn(LISTED_KINDS)
  kind?: (typeof LISTED_KINDS)[number];
}

export class OwnSettingsDto {
  /** Do not disturb: no push for this conversation. Concerns this user alone. */
  @IsOptional()
  @IsBoolean()
  muted?: boolean;

  @IsOptional()
  @IsBoolean()
  pinned?: boolean;
}

export class TypingDto extends ConversationIdDto {
  /** False when the user stopped; true when absent. */
  @IsOptional()
  @IsBoolean()
  typing?: boolean;
}

export class HeadsDto {
  /** `[conversationId, seq]`: what the client holds without a hole. */
  @IsArray()
  @ArrayMaxSize(500)
  conversations!: [string, number][];
}

export class SyncDto implements SyncRequest {
  /** The last user event seen; 0 for none. */
  @IsSeq()
  userSeq!: number;

  /** What the server said last time. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  storeEpoch?: string;

  /** `[conversationId, seq]`: what the client holds without a hole, 500 at most. */
  @IsArray()
  @ArrayMaxSize(500)
  conversations!: [string, number][];

  /** `nextPage` of the answer before; send the same request with it. */
  @IsOptional()
  @IsString()
  @MaxLength(128)
  page?: string;
}

import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { IsId } from '../../../platform/entry/rules';
import { RECENT_MAX } from '../live/room-feed';

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

import { IsOptional, IsString, Matches } from 'class-validator';
import { ID_PATTERN } from '../../../kernel/ids';

/** `POST /v1/push/explain`: if `from` wrote to `to` now. */
export class ExplainDto {
  /** A user; absent: the app itself. */
  @IsOptional()
  @IsString()
  @Matches(ID_PATTERN)
  from?: string;

  @IsString()
  @Matches(ID_PATTERN)
  to!: string;

  /** The message's type; `text` when absent. */
  @IsOptional()
  @IsString()
  @Matches(/^[A-Za-z0-9_.-]{1,32}$/)
  type?: string;

  /** As a message to this group, in which `from` and `to` are. */
  @IsOptional()
  @IsString()
  @Matches(ID_PATTERN)
  groupId?: string;
}

import { IsOptional, IsString } from 'class-validator';
import { IsId, IsTag } from '../../../platform/entry/rules';

/** `POST /v1/push/explain`: if `from` wrote to `to` now. */
export class ExplainDto {
  /** A user; absent: the app itself. */
  @IsOptional()
  @IsString()
  @IsId()
  from?: string;

  @IsString()
  @IsId()
  to!: string;

  /** The message's type; `text` when absent. */
  @IsOptional()
  @IsString()
  @IsTag()
  type?: string;

  /** As a message to this group, in which `from` and `to` are. */
  @IsOptional()
  @IsString()
  @IsId()
  groupId?: string;
}

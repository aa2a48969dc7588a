import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { SEQ_MAX } from '../../../kernel/contracts/message';
import { PageQuery } from '../../../platform/entry/page-query';

/** A page of a log; give one of `after`, `before` and `cursor` at most. */
export class HistoryQuery extends PageQuery {
  /** Exclusive; oldest first. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(SEQ_MAX)
  after?: number;

  /** Exclusive; newest first. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(SEQ_MAX)
  before?: number;
}

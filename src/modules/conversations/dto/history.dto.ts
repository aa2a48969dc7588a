import { IsOptional } from 'class-validator';
import { PageQuery } from '../../../platform/entry/page-query';
import { IsSeq } from '../../../platform/entry/rules';

/** A page of a log; give one of `after`, `before` and `cursor` at most. */
export class HistoryQuery extends PageQuery {
  /** Exclusive; oldest first. */
  @IsOptional()
  @IsSeq()
  after?: number;

  /** Exclusive; newest first. */
  @IsOptional()
  @IsSeq()
  before?: number;
}

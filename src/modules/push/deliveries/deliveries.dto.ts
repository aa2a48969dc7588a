import { ArrayMaxSize, ArrayMinSize, IsArray, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { PageQuery } from '../../../platform/entry/page-query';
import { IsId } from '../../../platform/entry/rules';
import type { DeliveryStatus } from '../tasks/push-delivery.entity';

const RECORD_ID = /^[1-9][0-9]{0,15}$/;
const REASON = /^[a-z-]{1,64}$/;

export class DeliveriesQuery extends PageQuery {
  /** The recipient. */
  @IsOptional()
  @IsString()
  @IsId()
  userId?: string;

  @IsOptional()
  @IsString()
  @MaxLength(64)
  messageId?: string;

  @IsOptional()
  @IsIn(['sent', 'suppressed', 'failed'])
  status?: DeliveryStatus;
}

/** Which failed pushes are tried again: these, or all of one reason, or all. */
export class ReplayDto {
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @Matches(RECORD_ID, { each: true })
  deliveryIds?: string[];

  /** The first word of the reason: `expired`, `refused`, `token-dead`. */
  @IsOptional()
  @IsString()
  @Matches(REASON)
  reason?: string;
}

import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsString } from 'class-validator';
import { IsId } from '../../../platform/entry/rules';

const AT_ONCE_MAX = 100;

/** Users about whom something is asked at once; each has an answer of its own. */
export class UserIdsDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(AT_ONCE_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  @IsId({ each: true })
  userIds!: string[];
}

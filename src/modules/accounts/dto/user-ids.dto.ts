import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsString, Matches } from 'class-validator';
import { ID_PATTERN } from '../../../kernel/ids';

const AT_ONCE_MAX = 100;

/** Users about whom something is asked at once; each has an answer of its own. */
export class UserIdsDto {
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(AT_ONCE_MAX)
  @ArrayUnique()
  @IsString({ each: true })
  @Matches(ID_PATTERN, { each: true })
  userIds!: string[];
}

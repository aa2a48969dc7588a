import { IsBoolean, IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** Attributes per room. */
export const ATTRIBUTES_MAX = 100;

export class AttributeDto {
  /** At most 4 KB of UTF-8. */
  @IsString()
  @MaxLength(4096)
  value!: string;

  /** Remove the attribute when the user who set it leaves the room. */
  @IsOptional()
  @IsBoolean()
  autoDelete?: boolean;
}

export class AttributesQuery {
  /** Attributes per page; all of them when absent. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(ATTRIBUTES_MAX)
  limit?: number;

  /** `nextCursor` of the page before, or of the answer to `chatroom:join`. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

export const PAGE_DEFAULT = 20;
export const PAGE_MAX = 100;

/** The query of every list: `?limit=50&cursor=…`. Extend it for filters. */
export class PageQuery {
  /** Items a page; 20 when absent, more than 100 is refused. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(PAGE_MAX)
  limit?: number;

  /** `nextCursor` of the page before. */
  @IsOptional()
  @IsString()
  @MaxLength(512)
  cursor?: string;
}

/** What every list answers. */
export interface Page<T> {
  items: T[];
  /** Absent on the last page. */
  nextCursor?: string;
}

export const limitOf = (query: PageQuery): number => query.limit ?? PAGE_DEFAULT;
